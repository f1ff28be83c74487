//! pgbench: a script of SQL over and over, and how it is made from the origin's own statements.

use url::Url;

use crate::{measured::Measured, program};

/// What a run of pgbench came to.
pub(crate) struct PgbenchResult {
    pub(crate) transactions: u64,
    pub(crate) per_second: f64,
}

/// One of the origin's statements with an expression in the place of each `$1`, `$2`, …
///
/// # Errors
/// The statement has a parameter for which there is no expression: it was changed, and the script must follow.
pub(crate) fn statement(sql: &str, expressions: &[&str]) -> Measured<String> {
    let lines = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default().trim());
    let sql = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let mut pieces = sql.split('$');
    let mut statement = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        let expression = number
            .parse::<usize>()
            .ok()
            .and_then(|number| expressions.get(number.checked_sub(1)?));
        let expression = expression.ok_or_else(|| format!("there is no expression for ${number} of: {sql}"))?;
        statement.push_str(expression);
        statement.push_str(rest);
    }
    statement.push_str(";\n");
    Ok(statement)
}

/// Runs `script` with prepared statements, as sqlx does. `variables` are integers that the script may use.
pub(crate) fn run(
    database_url: &str,
    script: &str,
    variables: &[(&str, u64)],
    clients: usize,
    seconds: u32,
) -> Measured<PgbenchResult> {
    let file = std::path::Path::new(&stanchion_harness::variable("STANCHION_STACK")).join("checkout.pgbench.sql");
    std::fs::write(&file, script)?;
    let url = Url::parse(database_url)?;
    let port = url.port().unwrap_or(5432).to_string();
    // Not on the command line, where everybody on the machine could read the password.
    let environment = [
        ("PGHOST", url.host_str().unwrap_or("127.0.0.1")),
        ("PGPORT", &port),
        ("PGUSER", url.username()),
        ("PGPASSWORD", url.password().unwrap_or_default()),
        ("PGDATABASE", url.path().trim_start_matches('/')),
    ];
    let (clients, seconds) = (clients.to_string(), seconds.to_string());
    let variables: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("--define={name}={value}"))
        .collect();
    let file = format!("--file={}", file.display());
    let mut arguments = vec!["--no-vacuum", "--protocol=prepared", "--jobs=1", "--client", &clients];
    arguments.extend(["--time", &seconds, &file]);
    arguments.extend(variables.iter().map(String::as_str));
    read(&program::run("pgbench", &arguments, &environment)?)
}

fn read(printed: &str) -> Measured<PgbenchResult> {
    let after = |name: &str| {
        let value = printed.lines().find_map(|line| line.strip_prefix(name));
        let value = value.ok_or_else(|| format!("pgbench did not print '{name}': {printed}"))?;
        Measured::Ok(value.split([' ', '/']).next().unwrap_or_default().to_owned())
    };
    Ok(PgbenchResult {
        transactions: after("number of transactions actually processed: ")?.parse()?,
        per_second: after("tps = ")?.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_expressions() {
        let ten: Vec<String> = (1..=10).map(|number| format!("<{number}>")).collect();
        let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
        let sql = "-- $9 in a comment\nselect $1, $10::text -- $3\nwhere a = $2";
        assert_eq!(
            statement(sql, &ten).unwrap(),
            "select <1>, <10>::text\nwhere a = <2>;\n"
        );
        assert!(statement("select $3", &ten[..2]).is_err());
        assert!(statement("select $$a$$", &ten).is_err());
    }

    #[test]
    fn the_result_is_read() {
        let printed = "pgbench (15.18)\nnumber of transactions actually processed: 1234\n\
            number of failed transactions: 0 (0.000%)\ntps = 617.250000 (without initial connection time)\n";
        let done = read(printed).unwrap();
        assert_eq!((done.transactions, done.per_second), (1234, 617.25));
        assert!(read("tps = 1").is_err());
    }
}
