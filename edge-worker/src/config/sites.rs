//! What is behind the edge: Stanchion's own shop, protected sites, or both, each at hosts of its own.
//!
//! The operator alone says where requests are passed on to. An event names no address, so nobody who
//! may put events can point the edge at a server inside a network.

use std::collections::HashSet;

use serde::Deserialize;
use stanchion_shared::{
    ids::EventId,
    policy::gate::{GatePolicy, Host, HostPattern},
};

use super::variables::{ConfigError, Variables, because};

pub(super) const ORIGIN_URL: &str = "STANCHION_ORIGIN_URL";
pub(super) const SITE_EVENTS: &str = "STANCHION_SITE_EVENTS";
pub(super) const HOSTS: &str = "STANCHION_HOSTS";
pub(super) const SITES: &str = "STANCHION_SITES";

/// Most sites of a deployment that [`SITES`] names.
pub const MAX_SITES: usize = 32;
/// Most hosts of one site.
pub const MAX_SITE_HOSTS: usize = 16;
/// Most events in front of one site.
pub const MAX_SITE_EVENTS: usize = 16;
/// Longest name of a site, in bytes.
pub const MAX_SITE_NAME_LENGTH: usize = 64;

/// The name of the site that [`ORIGIN_URL`] and [`SITE_EVENTS`] describe.
const FIRST_SITE: &str = "site";

/// A protected site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name in the configuration and in answers of the control API.
    pub name: String,
    /// Where its requests are passed on to: scheme, host and port.
    pub origin_url: String,
    /// The events that guard it. Of several the first whose rules name a request guards it.
    pub events: Vec<EventId>,
    hosts: Hosts,
}

impl Site {
    /// The host of a request, as rules of its events compare it: `None` at a site that takes every
    /// host.
    #[must_use]
    pub fn host_for_rules<'a>(&self, host: Option<&'a Host>) -> Option<&'a Host> {
        host.filter(|_| self.hosts != Hosts::Every)
    }
}

/// Stanchion's own shop.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shop {
    origin_url: String,
    hosts: Hosts,
}

/// At which hosts something is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// At every host. There is nothing else behind the edge then.
    Every,
    These(Vec<HostPattern>),
}

impl Hosts {
    /// How precisely a host is named; `None` if it is not.
    fn precision(&self, host: Option<&Host>) -> Option<(bool, usize, bool)> {
        match (self, host) {
            (Hosts::Every, _) => Some(Default::default()),
            (Hosts::These(_), None) => None,
            (Hosts::These(patterns), Some(host)) => {
                let meaning = patterns.iter().filter(|pattern| pattern.matches(host));
                meaning.map(HostPattern::precision).max()
            }
        }
    }

    fn patterns(&self) -> &[HostPattern] {
        match self {
            Hosts::Every => &[],
            Hosts::These(patterns) => patterns,
        }
    }
}

/// What is at a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind<'a> {
    /// Stanchion's own shop.
    Shop,
    /// A protected site.
    Site(&'a Site),
    /// Nothing: no site names the host.
    Nothing,
}

/// All that is behind the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    shop: Option<Shop>,
    sites: Vec<Site>,
}

impl Sites {
    /// Stanchion's own shop alone, at every host.
    #[must_use]
    pub fn shop(origin_url: &str) -> Sites {
        Sites {
            shop: Some(Shop {
                origin_url: origin_url.to_owned(),
                hosts: Hosts::Every,
            }),
            sites: Vec::new(),
        }
    }

    /// One protected site, at every host.
    #[must_use]
    pub fn one(origin_url: &str, events: Vec<EventId>) -> Sites {
        Sites {
            shop: None,
            sites: vec![Site {
                name: FIRST_SITE.to_owned(),
                origin_url: origin_url.to_owned(),
                events,
                hosts: Hosts::Every,
            }],
        }
    }

    /// What is at a host; `None`: the request has no host that can be read. Where several patterns
    /// mean a host the most precise one counts.
    #[must_use]
    pub fn at(&self, host: Option<&Host>) -> Behind<'_> {
        let shop = self.shop.iter().map(|shop| (shop.hosts.precision(host), Behind::Shop));
        let sites = self
            .sites
            .iter()
            .map(|site| (site.hosts.precision(host), Behind::Site(site)));
        let most_precise = shop.chain(sites).max_by_key(|(precision, _)| *precision);
        most_precise.map_or(Behind::Nothing, |(precision, behind)| match precision {
            Some(_) => behind,
            None => Behind::Nothing,
        })
    }

    /// The protected site that an event guards; `None` for an event of Stanchion's own shop, and for
    /// one that no site names.
    #[must_use]
    pub fn of_event(&self, event: &EventId) -> Option<&Site> {
        self.sites.iter().find(|site| site.events.contains(event))
    }

    /// Whether an event is one of Stanchion's own shop.
    #[must_use]
    pub fn is_of_shop(&self, event: &EventId) -> bool {
        self.shop.is_some() && self.of_event(event).is_none()
    }

    /// Whether an event is of what is at a host.
    #[must_use]
    pub fn is_event_at(&self, behind: Behind<'_>, event: &EventId) -> bool {
        match behind {
            Behind::Shop => self.is_of_shop(event),
            Behind::Site(site) => site.events.contains(event),
            Behind::Nothing => false,
        }
    }

    /// Where Stanchion's own shop is; `None`: the deployment has none.
    #[must_use]
    pub fn shop_url(&self) -> Option<&str> {
        self.shop.as_ref().map(|shop| shop.origin_url.as_str())
    }

    /// Where an event's site, or the shop for an event of its own, is asked for its health.
    #[must_use]
    pub fn url_of_event(&self, event: &EventId) -> Option<&str> {
        let site = self.of_event(event).map(|site| site.origin_url.as_str());
        site.or_else(|| self.shop_url())
    }

    /// What an event's rules may not do in this deployment as their author expects.
    #[must_use]
    pub fn warnings(&self, event: &EventId, gate: &GatePolicy) -> Vec<String> {
        let Some(site) = self.of_event(event) else {
            return match self.shop {
                Some(_) => Vec::new(),
                None => vec![format!(
                    "No site of this edge names the event {event}: it guards nothing."
                )],
            };
        };
        let mut warnings = Vec::new();
        for (number, rule) in gate.rules.iter().enumerate() {
            for host in &rule.hosts {
                let name = &site.name;
                if site.hosts == Hosts::Every {
                    warnings.push(format!(
                        "gate.rules[{number}].hosts: the site {name} takes every host, so the rule holds at all of them. \
                         The variable {HOSTS} names its hosts."
                    ));
                    break;
                }
                if !site.hosts.patterns().iter().any(|pattern| pattern.meets(host)) {
                    warnings.push(format!("gate.rules[{number}].hosts: the site {name} is not at {host}."));
                }
            }
        }
        warnings
    }
}

/// One entry of [`SITES`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    origin: String,
    hosts: Vec<HostPattern>,
    events: Vec<EventId>,
}

/// Reads the four variables: [`ORIGIN_URL`] and [`SITE_EVENTS`] describe the shop or one site, and
/// [`SITES`] any number. Where both are there [`HOSTS`] keeps them apart.
pub(super) fn read<V: Fn(&str) -> Option<String>>(variables: &Variables<V>) -> Result<Sites, ConfigError> {
    let more = match variables.optional(SITES) {
        Some(text) => Some(parse_sites(&text, variables).map_err(because(SITES))?),
        None => None,
    };
    let hosts = match variables.optional(HOSTS) {
        Some(text) => Some(parse_hosts(&text).map_err(because(HOSTS))?),
        None => None,
    };
    let events = variables.optional(SITE_EVENTS).unwrap_or_default();
    let events = parse_events(&events).map_err(because(SITE_EVENTS))?;
    let mut all = match (&more, &hosts) {
        (Some(_), None) if variables.optional(ORIGIN_URL).is_some() => {
            return Err(because(HOSTS)(format!(
                "beside {SITES} it must name the hosts of {ORIGIN_URL}"
            )));
        }
        (Some(_), None) if !events.is_empty() => {
            return Err(because(SITE_EVENTS)(format!(
                "it names events of {ORIGIN_URL}, which is not set"
            )));
        }
        (Some(_), None) => Sites {
            shop: None,
            sites: Vec::new(),
        },
        _ => {
            let origin_url = variables.origin(ORIGIN_URL)?;
            match events.is_empty() {
                true => Sites::shop(&origin_url),
                false => Sites::one(&origin_url, events),
            }
        }
    };
    if let Some(hosts) = hosts {
        let places = all.shop.iter_mut().map(|shop| &mut shop.hosts);
        let places = places.chain(all.sites.iter_mut().map(|site| &mut site.hosts));
        places.for_each(|place| *place = Hosts::These(hosts.clone()));
    }
    all.sites.extend(more.unwrap_or_default());
    all.check_apart().map_err(because(SITES))?;
    Ok(all)
}

impl Sites {
    /// Nothing may be in two places: no name, no host, no event.
    fn check_apart(&self) -> Result<(), String> {
        let shop_hosts = self.shop.iter().flat_map(|shop| shop.hosts.patterns());
        check_once("site", self.sites.iter().map(|site| &site.name))?;
        check_once(
            "host",
            shop_hosts.chain(self.sites.iter().flat_map(|site| site.hosts.patterns())),
        )?;
        check_once("event", self.sites.iter().flat_map(|site| &site.events))
    }
}

/// Where the text cannot be read. What stands there is not shown: it may be a password in an address.
fn unreadable(error: serde_json::Error) -> String {
    format!(
        "it is no list of sites with name, origin, hosts and events (line {}, column {})",
        error.line(),
        error.column()
    )
}

fn check_once<T: ToString>(what: &str, all: impl IntoIterator<Item = T>) -> Result<(), String> {
    let mut seen = HashSet::new();
    let twice = all
        .into_iter()
        .map(|one| one.to_string())
        .find(|text| !seen.insert(text.clone()));
    twice.map_or(Ok(()), |text| Err(format!("the {what} {text} is there twice")))
}

fn parse_sites<V: Fn(&str) -> Option<String>>(text: &str, variables: &Variables<V>) -> Result<Vec<Site>, String> {
    let entries: Vec<Entry> = serde_json::from_slice(text.as_bytes()).map_err(unreadable)?;
    if !(1..=MAX_SITES).contains(&entries.len()) {
        return Err(format!("it must name 1 to {MAX_SITES} sites"));
    }
    let site = |entry: Entry| {
        let of_site = |problem: String| format!("the site '{}': {problem}", entry.name);
        check_name(&entry.name)?;
        check_count("hosts", entry.hosts.len(), 1, MAX_SITE_HOSTS).map_err(of_site)?;
        check_count("events", entry.events.len(), 0, MAX_SITE_EVENTS).map_err(of_site)?;
        Ok(Site {
            origin_url: variables.checked_origin(&entry.origin).map_err(of_site)?,
            hosts: Hosts::These(entry.hosts),
            events: entry.events,
            name: entry.name,
        })
    };
    entries.into_iter().map(site).collect()
}

fn check_name(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=MAX_SITE_NAME_LENGTH).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(format!(
        "a site's name has 1 to {MAX_SITE_NAME_LENGTH} of the characters a-z 0-9 -"
    ))
}

fn check_count(what: &str, count: usize, least: usize, most: usize) -> Result<(), String> {
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(format!("it may have {least} to {most} {what}"))
}

/// Parses hosts, separated by commas.
fn parse_hosts(text: &str) -> Result<Vec<HostPattern>, String> {
    let hosts = text.split(',').map(str::trim).filter(|host| !host.is_empty());
    let hosts: Vec<HostPattern> = hosts
        .map(|host| host.parse().map_err(|error| format!("'{host}': {error}")))
        .collect::<Result<_, _>>()?;
    check_count("hosts", hosts.len(), 1, MAX_SITE_HOSTS)?;
    check_once("host", &hosts)?;
    Ok(hosts)
}

/// Parses event ids, separated by commas.
fn parse_events(text: &str) -> Result<Vec<EventId>, String> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    let events: Vec<EventId> = ids
        .map(|id| EventId::parse(id).map_err(|error| format!("'{id}': {error}")))
        .collect::<Result<_, _>>()?;
    if events.len() > MAX_SITE_EVENTS {
        return Err(format!("it may name {MAX_SITE_EVENTS} events"));
    }
    check_once("event", &events)?;
    Ok(events)
}

#[cfg(test)]
mod tests;
