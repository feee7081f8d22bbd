//! Takes a Rust file apart far enough for the rules: what is code, what is comment, what stands in
//! quotes, and which lines are only built for tests.
//!
//! Not a parser: it knows quotes, comments, attributes and braces, and that is enough. It never
//! fails; a file that the compiler would refuse only gives odd answers.

/// One Rust file in three layers of equal shape: in each, everything that belongs to another
/// layer is blank, and every line keeps its number.
#[derive(Debug)]
pub struct Source {
    /// What the compiler acts on; quoted text is blank, its quotation marks stay.
    pub code: Vec<String>,
    /// Comments, with their marks.
    pub comments: Vec<String>,
    /// What stands in quotes, without the quotation marks.
    pub quoted: Vec<String>,
    /// Whether the line is built for tests alone.
    pub in_test: Vec<bool>,
    /// Modules declared for tests alone whose text is in another file.
    pub test_modules: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Layer {
    Code,
    Comment,
    Quoted,
}

impl Source {
    /// Takes `text` apart.
    pub fn read(text: &str) -> Source {
        let chars: Vec<char> = text.chars().collect();
        let layers = layers(&chars);
        let layer = |wanted: Layer| -> Vec<String> {
            let kept = chars
                .iter()
                .zip(&layers)
                .map(|(&char, &layer)| if layer == wanted || char == '\n' { char } else { ' ' });
            kept.collect::<String>().lines().map(str::to_owned).collect()
        };
        let code = layer(Layer::Code);
        let (in_test, test_modules) = test_lines(&code);
        Source {
            comments: layer(Layer::Comment),
            quoted: layer(Layer::Quoted),
            in_test,
            test_modules,
            code,
        }
    }

    /// The code lines that are built into the program, with their numbers from 1.
    pub fn live_code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.live(&self.code)
    }

    /// The quoted text that is built into the program, line by line, with numbers from 1.
    pub fn live_quoted(&self) -> impl Iterator<Item = (usize, &str)> {
        self.live(&self.quoted)
    }

    fn live<'a>(&'a self, lines: &'a [String]) -> impl Iterator<Item = (usize, &'a str)> {
        let lines = lines.iter().zip(&self.in_test).enumerate();
        lines.filter(|(_, (_, in_test))| !**in_test).map(|(at, (line, _))| (at + 1, line.as_str()))
    }
}

/// The layer of every character.
fn layers(chars: &[char]) -> Vec<Layer> {
    let mut layers = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let (layer, length) = if rest.starts_with(&['/', '/']) {
            (Layer::Comment, rest.iter().take_while(|&&char| char != '\n').count())
        } else if rest.starts_with(&['/', '*']) {
            (Layer::Comment, block_comment(rest))
        } else if let Some((open, inside, close)) = quoted(chars, at) {
            layers.extend(std::iter::repeat_n(Layer::Code, open));
            layers.extend(std::iter::repeat_n(Layer::Quoted, inside));
            at += open + inside;
            (Layer::Code, close)
        } else {
            (Layer::Code, 1)
        };
        layers.extend(std::iter::repeat_n(layer, length));
        at += length;
    }
    layers.truncate(chars.len());
    layers
}

/// The length of the block comment that starts here; they nest.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(['/', '*']) => (depth, at) = (depth + 1, at + 2),
            Some(['*', '/']) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// If a string or character starts at `at`: the lengths of its opening, its inside, its close.
fn quoted(chars: &[char], at: usize) -> Option<(usize, usize, usize)> {
    let before = at.checked_sub(1).map(|before| chars[before]);
    match chars[at] {
        '"' => Some((1, until_unescaped(&chars[at + 1..], '"'), 1)),
        '\'' => {
            let rest = &chars[at + 1..];
            // A lifetime has no closing mark after its first letter.
            let is_character = rest.first() == Some(&'\\') || rest.get(1) == Some(&'\'');
            is_character.then(|| (1, until_unescaped(rest, '\''), 1))
        }
        'r' if !before.is_some_and(|before| before != 'b' && before != 'c' && is_word(before)) => {
            let hashes = chars[at + 1..].iter().take_while(|&&char| char == '#').count();
            let open = 1 + hashes + 1;
            if chars.get(at + open - 1) != Some(&'"') {
                return None;
            }
            let mut close = vec!['"'];
            close.extend(std::iter::repeat_n('#', hashes));
            let rest = &chars[at + open..];
            let inside = rest.windows(close.len()).position(|end| end == close);
            Some((open, inside.unwrap_or(rest.len()), close.len()))
        }
        _ => None,
    }
}

fn until_unescaped(rest: &[char], close: char) -> usize {
    let mut at = 0;
    while at < rest.len() && rest[at] != close {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at.min(rest.len())
}

/// Whether a character can be part of a name.
pub fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Which lines belong to items behind `#[cfg(test)]`, and the test modules kept in other files.
fn test_lines(code: &[String]) -> (Vec<bool>, Vec<String>) {
    let mut in_test = vec![false; code.len()];
    let mut modules = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let line: String = code[at].split_whitespace().collect();
        if line.starts_with("#![cfg(test)]") {
            in_test.fill(true);
            return (in_test, modules);
        }
        if !(line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,")) {
            at += 1;
            continue;
        }
        let (end, module) = item_end(code, at);
        in_test[at..=end].fill(true);
        modules.extend(module);
        at = end + 1;
    }
    (in_test, modules)
}

/// The last line of the item whose attributes start at `start`; and its name, if it is a module
/// whose text is elsewhere.
fn item_end(code: &[String], start: usize) -> (usize, Option<String>) {
    let (mut braces, mut others) = (0_i32, 0_i32);
    let mut text = String::new();
    for (at, line) in code.iter().enumerate().skip(start) {
        for char in line.chars() {
            match char {
                '{' => braces += 1,
                '}' => braces -= 1,
                '(' | '[' => others += 1,
                ')' | ']' => others -= 1,
                _ => {}
            }
            text.push(char);
            let ends = braces == 0 && others == 0 && (char == '}' || char == ';');
            if ends || braces < 0 {
                return (at, module_elsewhere(&text));
            }
        }
        text.push(' ');
    }
    (code.len() - 1, None)
}

fn module_elsewhere(item: &str) -> Option<String> {
    let words: Vec<&str> = item.strip_suffix(';')?.split_whitespace().collect();
    match words.as_slice() {
        [.., "mod", name] => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, comments: &str, quoted: &str) {
        let source = Source::read(text);
        let joined = |lines: &[String]| lines.join("\n").trim_end().to_owned();
        assert_eq!(joined(&source.code), code, "code of {text}");
        assert_eq!(joined(&source.comments).trim(), comments, "comments of {text}");
        assert_eq!(joined(&source.quoted).trim(), quoted, "quoted in {text}");
    }

    #[test]
    fn code_comments_and_quotes_are_told_apart() {
        check("a(); // b", "a();", "// b", "");
        check("a /* b /* c */ d */ e", "a                   e", "/* b /* c */ d */", "");
        check(r#"a("b // \" c") // d"#, r#"a("         ")"#, "// d", r#"b // \" c"#);
        check(r##"r#"a "b" c"# d"##, r##"r#"       "# d"##, "", r#"a "b" c"#);
        check(r#"b"x" y"#, r#"b" " y"#, "", "x");
        check("fn f<'a>(x: &'a str) { '\"' }", "fn f<'a>(x: &'a str) { ' ' }", "", "\"");
        check(r"let x = '\''; y", "let x = '  '; y", "", r"\'");
        check("\"a\nb\" c", "\" \n \" c", "", "a\nb");
        check("for\"", "for\"", "", "");
    }

    fn test_lines_of(text: &str) -> Vec<usize> {
        let source = Source::read(text);
        (1..).zip(&source.in_test).filter(|(_, in_test)| **in_test).map(|(at, _)| at).collect()
    }

    #[test]
    fn test_items_are_found_with_their_whole_body_and_no_more() {
        let cases: [(&str, &[usize]); 7] = [
            ("fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}", &[2, 3, 4, 5]),
            ("#[cfg(test)]\n#[derive(Debug)]\nstruct A;\nfn c() {}", &[1, 2, 3]),
            ("#[cfg(all(test, unix))]\nfn a(x: [u8; 2]) {\n}\nfn c() {}", &[1, 2, 3]),
            ("#[cfg(test)] use a::{b, c};\nfn d() {}", &[1]),
            ("#![cfg(test)]\nfn a() {}", &[1, 2]),
            ("#[cfg(any(test, unix))]\nfn a() {}", &[]),
            ("// #[cfg(test)]\nfn a() { \"#[cfg(test)]\" }", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(test_lines_of(text), expected, "{text}");
        }
    }

    #[test]
    fn test_modules_in_other_files_are_named() {
        let source = Source::read("#[cfg(test)]\npub(crate) mod cases;\nmod live;\n");
        assert_eq!(source.test_modules, ["cases"]);
    }
}
