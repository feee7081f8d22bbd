//! Numbers of people that are too small to be told, and numbers from which they could be found.

use std::collections::BTreeSet;

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

/// Which parts of a whole are not told one by one, when some of them must not be: those, and the
/// smallest of the others until nobody finds one by taking away what is told.
pub fn keep_back(parts: &[i64], must: &BTreeSet<usize>, small: u32) -> BTreeSet<usize> {
    let mut kept = must.clone();
    let mut others: Vec<usize> = (0..parts.len()).filter(|n| !must.contains(n)).collect();
    others.sort_by_key(|n| std::cmp::Reverse(parts.get(*n)));
    let together = |kept: &BTreeSet<usize>| kept.iter().filter_map(|n| parts.get(*n)).sum();
    while !must.is_empty() && (kept.len() < 2 || is_few(together(&kept), small)) {
        let Some(next) = others.pop() else { break };
        kept.insert(next);
    }
    kept
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

    #[test]
    fn what_is_not_told_is_not_the_rest_either() {
        for (parts, must, kept) in [
            (&[9, 3, 7][..], &[][..], &[][..]),
            // Alone it would be the rest; with the next it is seven or more.
            (&[9, 1, 7], &[1], &[1, 2]),
            // Two that are three together could be found nearly.
            (&[9, 1, 2, 7], &[1, 2], &[1, 2, 3]),
            (&[9, 4, 3], &[1, 2], &[1, 2]),
            (&[2], &[0], &[0]),
        ] {
            let set = |parts: &[usize]| parts.iter().copied().collect::<BTreeSet<_>>();
            assert_eq!(keep_back(parts, &set(must), 5), set(kept), "{parts:?} {must:?}");
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
