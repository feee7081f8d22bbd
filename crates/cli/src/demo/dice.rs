//! Chance that falls the same way every time, so that two demonstrations tell the same stories.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The seed of every demonstration: the number of the hotline.
const SEED: u64 = 12_338;

/// A small source of chance.
#[derive(Debug)]
pub struct Dice {
    chance: StdRng,
    story: u64,
}

impl Dice {
    /// The chance of one story, whatever the others do.
    pub fn of(story: usize) -> Self {
        let story = story as u64;
        Self { chance: StdRng::seed_from_u64(SEED ^ ((story + 1) << 20)), story }
    }

    /// A number from 0 to `n - 1`.
    pub fn below(&mut self, n: usize) -> usize {
        self.chance.random_range(0..n.max(1))
    }

    /// A number between two bounds.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        if to > from { self.chance.random_range(from..to) } else { from }
    }

    /// So many times in a hundred.
    pub fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// The id of a command of the story. It begins with the story, as those of people begin with the
    /// time, so that the index of commands grows at its end.
    pub fn command(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.story.to_be_bytes());
        id[8..].copy_from_slice(&self.chance.random::<[u8; 8]>());
        id
    }

    /// Mixes a list.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
