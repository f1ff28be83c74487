//! Why a run has no report.

use stanchion_command_line::files::FileError;
use stanchion_invariants::sources::SourceError;
use stanchion_verify::PublicDataError;

use crate::{accounts::AccountsFileError, admin::AdminApiError};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Accounts(#[from] AccountsFileError),
    #[error(transparent)]
    AdminApi(#[from] AdminApiError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Public(#[from] PublicDataError),
    #[error("the HTTP client cannot be made: {0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    NotKnown(String),
    #[error("{0}")]
    Setting(String),
    #[error(transparent)]
    File(#[from] FileError),
}
