//! `verify`: one fan's place, from a receipt and what is public. No token and no key is needed, and nothing but the edge's
//! public answers is read; the page 'Check my place' does the same with the same code.

use std::path::Path;

use stanchion_shared::{
    draw::announcement::Announcement,
    identity::Draw,
    verify::{self, Claimed, Fault, Published, Step, Verdict},
};

use crate::{display::show, options::VerifyOptions, run::RunError, sources::public::Public};

/// The whole check; true if everything held.
pub(crate) async fn verify(options: VerifyOptions) -> Result<bool, RunError> {
    let verdict = match verify::unverified(&options.receipt) {
        Some(receipt) => {
            let public = Public::new(&options.edge_url, &receipt.event_id);
            let claimed = claimed(&options)?;
            let published = read(&public, Draw(receipt.draw)).await?;
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
fn claimed(options: &VerifyOptions) -> Result<Claimed, RunError> {
    let announced = options.queue_at_join.as_deref().map(announced_in).transpose()?;
    Ok(Claimed {
        receipt: options.receipt.clone(),
        place: options.place,
        tag: options.account_tag,
        commitment: options.commitment,
        announced,
        tickets_digest: options.tickets_digest,
    })
}

fn announced_in(path: &Path) -> Result<Announcement, RunError> {
    let unreadable = |error| RunError::Read {
        what: path.display().to_string(),
        error,
    };
    let text = std::fs::read(path).map_err(unreadable)?;
    serde_json::from_slice(&text).map_err(|error| unreadable(error.into()))
}

fn no_receipt() -> Verdict {
    let fault = Fault {
        step: Step::Receipt,
        what: "This is not a receipt.".to_owned(),
    };
    Verdict {
        passed: Vec::new(),
        fault: Some(fault),
        place: None,
    }
}

async fn read(public: &Public, draw: Draw) -> Result<Published, RunError> {
    let (keys, _) = public.keys().await?;
    let queue = public.queue().await?;
    let records = public.records_through(draw).await?;
    let logs = match records.last() {
        Some(record) => public.log_bytes(record).await?,
        None => Vec::new(),
    };
    Ok(Published {
        keys,
        queue,
        records,
        logs,
    })
}

fn text(verdict: &Verdict) -> String {
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

fn line(outcome: &str, step: Step, sentence: &str) -> String {
    let step = serde_json::to_value(step).expect("a step has a name");
    format!("{outcome}  {:<10}  {sentence}", step.as_str().unwrap_or_default())
}
