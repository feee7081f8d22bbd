//! One written form per phone, id number and name, so that equal things compare equal. Decides
//! what is the same; never decides whether a phone is reachable or a person exists.

use crate::fold::{fold, is_word};

/// A text without a plausible phone number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a phone number has 3 to 15 digits")]
pub struct NotAPhone;

/// Digits of a phone as dialled inside the country: mobile numbers without +86, landlines with
/// their area code as written (0 restored when +86 dropped it), extensions cut off, other
/// countries with 00 and their code.
pub fn normalise_phone(written: &str) -> Result<String, NotAPhone> {
    let folded = fold(written);
    let main = folded.split(['转', 'x', '#', ',', ';']).next().unwrap_or_default();
    let main = main.split("ext").next().unwrap_or_default();
    let mut digits: String = main.chars().filter(char::is_ascii_digit).collect();
    if main.trim_start().starts_with('+') {
        digits.insert_str(0, "00");
    }
    let abroad = digits.strip_prefix("0086");
    // Without a plus, 86 is the country only where a whole number follows it.
    let home = abroad.or(digits.strip_prefix("86").filter(|rest| rest.len() >= 10));
    let digits = match home {
        Some(rest) if is_mobile(rest) || rest.starts_with('0') || rest.len() < 9 => rest.into(),
        Some(rest) => format!("0{rest}"),
        None => digits,
    };
    if (3..=15).contains(&digits.len()) { Ok(digits) } else { Err(NotAPhone) }
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1')
}

/// Why a text is not a resident id number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberError {
    /// Not 17 digits followed by a digit or X.
    #[error("an id number is 17 digits and a check digit or X")]
    Form,
    /// The form of 15 digits, which stopped being valid on 1 January 2013.
    #[error("id numbers of 15 digits are no longer valid")]
    OldForm,
    /// The first digits name no province.
    #[error("the id number's first digits name no province")]
    Area,
    /// The middle digits are no day of the calendar from 1800 to 2099.
    #[error("the id number's birth date is not in the calendar")]
    Birth,
    /// The check digit does not fit: a digit is mistyped.
    #[error("the id number's check digit does not fit: please compare it with the card")]
    CheckDigit,
}

/// The 18 characters of a resident id number (GB 11643-1999) in ASCII with an upper-case X.
/// Residence permits of Hong Kong, Macao and Taiwan residents (81 to 83) and foreigners'
/// permanent residence cards of 2023 (9 before the province) follow the same rule.
pub fn normalise_id_number(written: &str) -> Result<String, IdNumberError> {
    let id: String = fold(written)
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let Ok(characters) = <&[u8; 18]>::try_from(id.as_bytes()) else {
        let old = id.len() == 15 && id.bytes().all(|byte| byte.is_ascii_digit());
        return Err(if old { IdNumberError::OldForm } else { IdNumberError::Form });
    };
    let (digits, check) = characters.split_at(17);
    let check_is_legal = matches!(check, [b'0'..=b'9' | b'X']);
    if !check_is_legal || !digits.iter().all(u8::is_ascii_digit) {
        return Err(IdNumberError::Form);
    }
    let number = |from: usize, to: usize| {
        digits[from..to].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let province = if digits[0] == b'9' { number(1, 3) } else { number(0, 2) };
    if !is_province(province) {
        return Err(IdNumberError::Area);
    }
    if !is_day(number(6, 10), number(10, 12), number(12, 14)) {
        return Err(IdNumberError::Birth);
    }
    if check != [id_check(digits)] {
        return Err(IdNumberError::CheckDigit);
    }
    Ok(id)
}

/// ISO 7064 MOD 11-2: doubling from the left, so that digit i (from the right, the check digit
/// being 0) weighs 2^i, and the whole sums to 1 modulo 11.
fn id_check(digits: &[u8]) -> u8 {
    let sum = digits.iter().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    b"10X98765432"[sum as usize]
}

/// Province level codes of GB/T 2260, with 83 for residence permits of Taiwan residents.
fn is_province(code: u32) -> bool {
    matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1800..2100).contains(&year) && (1..=last).contains(&day)
}

/// A name without spaces, dots and marks, in simplified characters and lower case, so that
/// 阿依古丽·买买提 and 阿依古丽 买买提 are one person.
pub fn normalise_name(written: &str) -> String {
    fold(written).chars().filter(|&c| is_word(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn phones_have_one_form() {
        for (written, normal) in [
            ("13800001234", "13800001234"),
            ("+86 138-0000-1234", "13800001234"),
            ("0086 13800001234", "13800001234"),
            ("8613800001234", "13800001234"),
            ("（＋８６）１３８００００１２３４", "13800001234"),
            ("138 0000 1234", "13800001234"),
            ("(0531) 8888-7777", "053188887777"),
            ("+86 531 8888 7777", "053188887777"),
            ("+86 (0)531 88887777", "053188887777"),
            ("86-10-12345678", "01012345678"),
            ("010-12345678转801", "01012345678"),
            ("0531-88887777 ext. 12", "053188887777"),
            ("88887777", "88887777"),
            ("86123456", "86123456"),
            ("8612345", "8612345"),
            ("12338", "12338"),
            ("110", "110"),
            ("400-123-4567", "4001234567"),
            ("+1 212 555 0100", "0012125550100"),
            ("001 (212) 555-0100", "0012125550100"),
        ] {
            assert_eq!(normalise_phone(written).as_deref(), Ok(normal), "{written}");
        }
        for nonsense in ["", "没有", "12", "1234567890123456", "转801"] {
            assert_eq!(normalise_phone(nonsense), Err(NotAPhone), "{nonsense}");
        }
    }

    #[test]
    fn id_numbers_have_one_form() {
        for (written, normal) in [
            // The two examples printed in GB 11643-1999.
            ("11010519491231002X", "11010519491231002X"),
            ("440524188001010014", "440524188001010014"),
            // Computed, born in the 1800s.
            ("37030518210305467X", "37030518210305467X"),
            ("370302184209214352", "370302184209214352"),
            ("11010519491231002x", "11010519491231002X"),
            ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
            ("110105 19491231 002X", "11010519491231002X"),
            (" 110105-19491231-002x ", "11010519491231002X"),
        ] {
            assert_eq!(normalise_id_number(written).as_deref(), Ok(normal), "{written}");
        }
    }

    #[test]
    fn wrong_id_numbers_say_why() {
        use IdNumberError::{Area, Birth, CheckDigit, Form, OldForm};
        for (written, error) in [
            ("", Form),
            ("T60426199101010078", Form),
            ("11010519491231002", Form),
            ("11010519491231002XX", Form),
            ("1101051949123100X2", Form),
            ("身份证号码身份", Form),
            ("110105491231002", OldForm),
            ("990426199112010074", Area),
            ("360426199113010079", Birth),
            ("370102189902300015", Birth),
            ("110105179912310027", Birth),
            ("36042619910102009X", CheckDigit),
            ("110105194912310021", CheckDigit),
        ] {
            assert_eq!(normalise_id_number(written), Err(error), "{written}");
        }
    }

    #[test]
    fn leap_days_follow_the_calendar() {
        for (year, leap) in [(1900, false), (2000, true), (1896, true), (1897, false)] {
            assert_eq!(is_day(year, 2, 29), leap, "{year}");
        }
    }

    #[test]
    fn names_have_one_form() {
        for (written, normal) in [
            ("張　三", "张三"),
            ("阿依古丽·买买提", "阿依古丽买买提"),
            ("阿依古丽 买买提", "阿依古丽买买提"),
            ("John  O'Neil", "johnoneil"),
        ] {
            assert_eq!(normalise_name(written), normal);
        }
    }

    proptest! {
        #![proptest_config(crate::fixed_cases(256))]

        #[test]
        fn any_mistyped_digit_of_an_id_is_noticed(
            area in prop::sample::select(vec!["110105", "370302", "440524"]),
            birth in prop::sample::select(vec!["18000101", "18991231", "19491231", "20240229"]),
            order in 0..1000_u32,
            place in 0..17_usize,
            shift in 1..10_u8,
        ) {
            let mut id = format!("{area}{birth}{order:03}").into_bytes();
            id.push(id_check(&id));
            let right = String::from_utf8(id.clone()).unwrap();
            prop_assert_eq!(normalise_id_number(&right), Ok(right.clone()));
            id[place] = b'0' + (id[place] - b'0' + shift) % 10;
            prop_assert!(normalise_id_number(&String::from_utf8(id).unwrap()).is_err());
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = (normalise_phone(&text), normalise_id_number(&text), normalise_name(&text));
        }
    }
}
