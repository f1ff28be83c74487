//! Running a program to its end, within a time.

use std::process::Command;

use crate::measured::Measured;

/// No run of a load generator takes longer; one that does hangs.
const LONGEST_SECONDS: &str = "120";

/// What the program printed. Fails with what it said unless it ends with 0 in time.
pub(crate) fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Measured<String> {
    let output = Command::new("timeout")
        .args(["--signal", "KILL", LONGEST_SECONDS, program])
        .args(arguments)
        .envs(environment.iter().copied())
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(printed)
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{program} ended with {}: {} {}",
            output.status,
            printed.trim(),
            complaint.trim()
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_says_why() {
        assert_eq!(run("sh", &["-c", "echo $A"], &[("A", "b")]).unwrap(), "b\n");
        let failure = run("sh", &["-c", "echo alas >&2; exit 3"], &[])
            .unwrap_err()
            .to_string();
        assert!(failure.contains("alas") && failure.contains('3'), "{failure}");
    }
}
