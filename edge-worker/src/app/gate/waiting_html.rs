//! The HTML of the waiting page: its template `web/waiting.html` with the fields filled in. All texts that
//! somebody else wrote are escaped.

use stanchion_shared::{snapshot::Snapshot, timestamp::UnixMillis};

use super::standing_text::{self, StandingText};

/// What the page is called where no event is known.
const NO_NAME: &str = "Waiting room";

/// What the page's script does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// It joins, since a person who sees this page asked for what is behind it.
    Joins,
    /// It polls.
    Polls,
    /// Nothing.
    Rests,
}

/// Where a person goes from the page.
pub(super) struct Ways<'a> {
    /// The address that the page stands for.
    pub(super) to: &'a str,
    /// The page to go back to at the turn, if a write met the queue.
    pub(super) back: Option<&'a str>,
}

/// Everything that the page shows.
pub(super) struct Page<'a> {
    /// The event, if it is known.
    pub(super) event: Option<&'a Snapshot>,
    pub(super) script: Script,
    pub(super) text: StandingText,
    /// The standing in JSON, for the script; empty without one.
    pub(super) standing: String,
    /// After how many seconds a browser without script asks for which address.
    pub(super) refresh: Option<(u64, &'a str)>,
    pub(super) ways: &'a Ways<'a>,
    /// The text of a link to `ways.to`.
    pub(super) again: Option<&'static str>,
}

impl Page<'_> {
    /// The page at `now`, made of its template.
    pub(super) fn html(&self, template: &str, now: UnixMillis) -> String {
        filled(template, |field| self.field(field, now))
    }

    fn field(&self, name: &str, now: UnixMillis) -> String {
        let Page { text, ways, .. } = self;
        let settings = self.event.map(|event| &event.settings);
        let event_name = settings.map_or(NO_NAME, |settings| &settings.name);
        let captcha = settings.map(|settings| &settings.policy.captcha);
        let site_key = captcha.and_then(|captcha| captcha.site_key.as_deref());
        let without_script = settings.is_some_and(|settings| settings.policy.identity.without_script);
        let joins = self.script == Script::Joins;
        let way = text.way.as_ref();
        match name {
            "title" => escaped(&format!("{} · {event_name}", text.short)),
            "refresh" => self.refresh(),
            "event_id" => self.event.map_or_else(String::new, |event| event.event_id.to_string()),
            "name" => escaped(event_name),
            "state" => match self.script {
                Script::Joins => "join".to_owned(),
                Script::Polls => "waiting".to_owned(),
                Script::Rests => "still".to_owned(),
            },
            "standing" => escaped(&self.standing),
            "on_sale" => settings.map_or_else(String::new, |settings| settings.on_sale_time.to_string()),
            "now" => now.to_string(),
            "now_text" => standing_text::instant(now),
            // Proof of work has no site key and needs no widget.
            "captcha" => captcha
                .filter(|_| site_key.is_some())
                .map_or("", |captcha| captcha.provider.name())
                .to_owned(),
            "site_key" => escaped(site_key.unwrap_or_default()),
            "heading" => escaped(text.heading),
            "label" => escaped(text.label),
            "figure" => escaped(&text.figure),
            "figure_hidden" => hidden_unless(!text.figure.is_empty()),
            "note" => text.instant.map(standing_text::instant).unwrap_or_default(),
            "way_hidden" => hidden_unless(way.is_some()),
            "before" => way.map_or(1, |way| way.before.max(1)).to_string(),
            "served" => way.map_or(0, |way| way.before.saturating_sub(way.ahead)).to_string(),
            "ahead" => way.map_or_else(String::new, |way| standing_text::grouped(way.ahead)),
            "wait" => way.map_or_else(String::new, |way| escaped(&way.wait)),
            "text" => escaped(&text.text),
            "to" => escaped(ways.to),
            "back" => escaped(ways.back.unwrap_or_default()),
            "back_hidden" => hidden_unless(ways.back.is_some()),
            "form_hidden" => hidden_unless(joins && without_script),
            "script_needed_hidden" => hidden_unless(joins && !without_script),
            "heard_hidden" | "leave_hidden" => hidden_unless(self.script == Script::Polls),
            "again" => self.again.unwrap_or_default().to_owned(),
            "again_hidden" => hidden_unless(self.again.is_some()),
            name => unreachable!("the page has no field {name}"),
        }
    }

    /// The address is named: the page may answer a form, which nobody may send again.
    fn refresh(&self) -> String {
        let meta = |(seconds, to)| {
            format!(
                r#"<meta http-equiv="refresh" content="{seconds}; url={}">"#,
                escaped(to)
            )
        };
        self.refresh.map(meta).unwrap_or_default()
    }
}

fn hidden_unless(shown: bool) -> String {
    if shown { "" } else { "hidden" }.to_owned()
}

/// The template with each `{{field}}` replaced. What is put in is not looked at again.
fn filled(template: &str, field: impl Fn(&str) -> String) -> String {
    let mut pieces = template.split("{{");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, text) = piece.split_once("}}").expect("every field of the page ends");
        filled.push_str(&field(name));
        filled.push_str(text);
    }
    filled
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../web/waiting.html");

    fn page<'a>(ways: &'a Ways<'a>) -> Page<'a> {
        Page {
            event: None,
            script: Script::Polls,
            text: StandingText {
                short: "{{to}}".to_owned(),
                ..StandingText::default()
            },
            standing: String::new(),
            refresh: Some((7, ways.to)),
            ways,
            again: None,
        }
    }

    #[test]
    fn what_others_wrote_is_text() {
        assert_eq!(escaped(r#"<a href="x">&'"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
        let ways = Ways {
            to: "/a?b=\"><script>",
            back: None,
        };
        let html = page(&ways).html(TEMPLATE, UnixMillis(0));
        assert!(html.contains("<title>{{to}} · Waiting room</title>"), "{html}");
        assert!(
            html.contains(r#"content="7; url=/a?b=&quot;&gt;&lt;script&gt;""#),
            "{html}"
        );
    }
}
