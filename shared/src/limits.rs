//! The limits of a number that an admin or the origin may set.

/// The default of a number and both its limits, each of which is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Used where nothing is said.
    pub default: u64,
    /// Smallest allowed.
    pub least: u64,
    /// Largest allowed.
    pub most: u64,
}

impl Limits {
    /// Whether `value` is allowed.
    #[must_use]
    pub fn allow(&self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}
