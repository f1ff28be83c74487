//! One fan's place, checked from a receipt and from what is public. The program needs no token and no key, and it reads
//! nothing but the edge's public answers. The page 'Check my place' does the same with the same code.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use stanchion_command_line::{
    files::{FileError, read_json},
    show,
    values::public_url,
};

use stanchion_shared::{
    draw::{announcement::Announcement, record::SignedRecord},
    ids::{Bytes32, Draw, Tag},
    verify::{self, FanClaim, Published, StepFault, Verification, VerificationStep},
    wire::ReceiptClaims,
};
use stanchion_verify::{PublicData, PublicDataError};

/// Checks one fan's place from a receipt and what is public, as anybody can. Ends with 0 only if everything held.
#[derive(Parser)]
#[command(name = "stanchion-verify", version)]
struct VerifyOptions {
    /// The receipt that the join's answer had.
    receipt: String,

    /// The edge's address; nothing else is asked.
    #[arg(long = "edge", env = "STANCHION_EDGE_URL", value_parser = public_url)]
    edge_url: String,

    /// The place that was told.
    #[arg(long)]
    place: Option<u64>,

    /// Whose receipt it should be: the person's tag in the event, hex.
    #[arg(long, value_parser = tag)]
    account_tag: Option<Tag>,

    /// The commitment that was public at the join, hex.
    #[arg(long, value_parser = bytes_32)]
    commitment: Option<Bytes32>,

    /// The answer of `GET …/events/{id}/queue` that was saved at the join: all that was announced then.
    #[arg(long)]
    queue_at_join: Option<PathBuf>,

    /// `drawing.tickets_digest` that was public before the beacon's round was out, hex.
    #[arg(long, value_parser = bytes_32)]
    tickets_digest: Option<Bytes32>,

    /// Prints the verdict as JSON.
    #[arg(long)]
    json: bool,
}

fn tag(text: &str) -> Result<Tag, String> {
    Tag::parse(text).map_err(|error| error.to_string())
}

fn bytes_32(text: &str) -> Result<Bytes32, String> {
    Bytes32::parse(text).map_err(|error| error.to_string())
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error(transparent)]
    Public(#[from] PublicDataError),
    #[error(transparent)]
    File(#[from] FileError),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(VerifyOptions::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stanchion-verify: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The whole check; true if everything held.
async fn run(options: VerifyOptions) -> Result<bool, VerifyError> {
    let verdict = match verify::unverified(&options.receipt) {
        Some(receipt) => {
            let public = PublicData::new(&options.edge_url, &receipt.event_id);
            let claimed = claimed(&options)?;
            let published = read(&public, &receipt).await?;
            verify::verify(&claimed, &published)
        }
        None => no_receipt(),
    };
    show(&if options.json {
        let json = serde_json::to_string_pretty(&verdict).expect("a verdict serialises");
        format!("{json}\n")
    } else {
        text(&verdict)
    });
    Ok(verdict.holds())
}

/// What was saved at the join is read from a file.
fn claimed(options: &VerifyOptions) -> Result<FanClaim, VerifyError> {
    let announced = options
        .queue_at_join
        .as_deref()
        .map(read_json::<Announcement>)
        .transpose()?;
    Ok(FanClaim {
        receipt: options.receipt.clone(),
        place: options.place,
        tag: options.account_tag,
        commitment: options.commitment,
        announced,
        tickets_digest: options.tickets_digest,
    })
}

fn no_receipt() -> Verification {
    let fault = StepFault {
        step: VerificationStep::Receipt,
        what: "This is not a receipt.".to_owned(),
    };
    Verification {
        passed: Vec::new(),
        fault: Some(fault),
        place: None,
    }
}

async fn read(public: &PublicData, receipt: &ReceiptClaims) -> Result<Published, VerifyError> {
    let (keys, _) = public.keys().await?;
    let queue = public.queue().await?;
    let mut records = public.records_through(Draw(receipt.draw)).await?;
    let mut earlier_log = Vec::new();
    if records
        .last()
        .is_some_and(|signed| verify::is_left_over(receipt, &signed.record))
    {
        let carries = |signed: &SignedRecord| verify::carries(receipt, &signed.record);
        let later = public.records_after(Draw(receipt.draw), carries).await?;
        earlier_log = public.log_of(Draw(receipt.draw), receipt.shard).await?;
        records.extend(later);
    }
    let logs = match records.last() {
        Some(record) => public.log_bytes(record).await?,
        None => Vec::new(),
    };
    Ok(Published {
        keys,
        queue,
        records,
        logs,
        earlier_log,
    })
}

fn text(verdict: &Verification) -> String {
    let mut lines: Vec<String> = verdict
        .passed
        .iter()
        .map(|passed| line("holds", passed.step, &passed.found))
        .collect();
    lines.extend(verdict.fault.iter().map(|fault| line("FAILS", fault.step, &fault.what)));
    lines.push(match verdict.place {
        Some(place) => format!("\neverything holds: place {place}"),
        None => "\nit does not hold".to_owned(),
    });
    lines.join("\n") + "\n"
}

fn line(outcome: &str, step: VerificationStep, sentence: &str) -> String {
    let step = serde_json::to_value(step).expect("a step has a name");
    format!("{outcome}  {:<10}  {sentence}", step.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        VerifyOptions::command().debug_assert();
    }
}
