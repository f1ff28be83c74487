//! What every part of a measurement returns.

use std::error::Error;

/// Why something could not be measured.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;
/// A measurement, or why there is none.
pub(crate) type Measured<T> = Result<T, Failure>;
