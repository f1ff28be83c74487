//! Where the parts of a stack are, as the command line names them.

use std::collections::BTreeMap;

use clap::Args;
use stanchion_command_line::values::base_url;
use stanchion_shared::ids::EventId;

/// Where everything is. Fans use the edge only; the rest is for setting up and for checking.
#[derive(Args, Clone)]
pub struct StackAddresses {
    /// The edge's address; fans know no other.
    #[arg(long = "edge", env = "STANCHION_EDGE_URL", value_parser = base_url)]
    pub edge_url: String,

    /// What the edge runs on, for the report; the stack says it.
    #[arg(long, env = "STANCHION_EDGE_RUNTIME", default_value = "an unnamed runtime")]
    pub edge_runtime: String,

    /// The origin's address: admin API, and the proof that it refuses what the edge refuses.
    #[arg(long = "origin", env = "STANCHION_ORIGIN_URL", value_parser = base_url)]
    pub origin_url: String,

    /// Bearer token of the origin's admin API.
    #[arg(long, env = "STANCHION_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: String,

    /// PostgreSQL, read only: orders and tickets.
    #[arg(long, env = "STANCHION_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,

    /// Redis, read only: the seats' states.
    #[arg(long, env = "STANCHION_REDIS_URL", hide_env_values = true)]
    pub redis_url: String,

    /// The payment gateway whose ledger is compared with the orders.
    #[arg(long, env = "STANCHION_STRIPE_URL", value_parser = base_url)]
    pub gateway_url: String,

    /// The gateway's secret key.
    #[arg(long, env = "STANCHION_STRIPE_KEY", hide_env_values = true)]
    pub gateway_key: String,
}

impl StackAddresses {
    /// Where to look at an event: name to address.
    pub fn of_event(&self, event: &EventId) -> BTreeMap<&'static str, String> {
        let (edge, origin, gateway) = (&self.edge_url, &self.origin_url, &self.gateway_url);
        BTreeMap::from([
            ("page", format!("{edge}/e/{event}")),
            ("queue", format!("{edge}/api/v1/events/{event}/queue")),
            ("schedule", format!("{edge}/api/v1/events/{event}/schedule")),
            ("first_draw", format!("{edge}/api/v1/events/{event}/draws/0")),
            ("keys", format!("{edge}/.well-known/jwks.json")),
            ("admin_stats", format!("{origin}/api/v1/admin/events/{event}/stats")),
            ("ledger", format!("{gateway}/_control/ledger")),
        ])
    }
}
