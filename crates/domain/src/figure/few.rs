//! Numbers of people that are too small to be told, and numbers from which they could be found.

/// Whether a number of people is told as it is; none at all is told.
pub fn is_few(n: i64, small: u32) -> bool {
    (1..i64::from(small)).contains(&n)
}

/// Whether the numbers of units below may be told beside that of the unit above: none of them is
/// small, and neither is what is left of the number above when all of them are taken away.
///
/// All of a level are told or none, so nobody finds one by taking the others away. Whoever was helped
/// in two places is counted once above, so less than nothing may be left; that is a number of people
/// too.
pub fn stand_beside(above: i64, below: &[i64], small: u32) -> bool {
    let rest = below.iter().fold(above, |rest, n| rest.saturating_sub(*n));
    let all = [above, rest.saturating_abs()];
    !all.iter().chain(below).any(|n| is_few(*n, small))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_number_is_not_found_by_taking_others_away() {
        for (above, below, told) in [
            (12, &[12][..], true),
            (12, &[7], true),
            (12, &[7, 5], true),
            (12, &[0, 12], true),
            // Two are left for the rest of the city.
            (12, &[10], false),
            (12, &[3, 9], false),
            // Two people were helped in both.
            (12, &[7, 7], false),
            (4, &[0], false),
            (0, &[0, 0], true),
        ] {
            assert_eq!(stand_beside(above, below, 5), told, "{above} {below:?}");
        }
    }

    proptest! {
        /// Places that nobody promises anything for are in the number above all the same.
        #[test]
        fn no_place_of_few_is_told(places in prop::collection::vec(0_i64..12, 1..6), shown in 1_usize..6) {
            let above: i64 = places.iter().sum();
            let (below, rest) = places.split_at(shown.min(places.len()));
            if stand_beside(above, below, 5) {
                let rest: i64 = rest.iter().sum();
                prop_assert!(below.iter().chain([&rest]).all(|n| *n == 0 || *n >= 5));
            }
        }
    }
}
