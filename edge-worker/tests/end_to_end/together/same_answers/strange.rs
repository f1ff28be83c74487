//! Requests that two HTTP servers could read differently: spellings of paths, headers twice, bodies at the
//! limit.

use stanchion_harness::Edge;

use super::{raw::Raw, surface::get, transcript::Transcript};

const LONGEST_URI: usize = 2 * 1024;
const LARGEST_HEADERS: usize = 32 * 1024;
const LONGEST_TOKEN: usize = 8 * 1024;
const LONGEST_COOKIES: usize = 16 * 1024;
const LARGEST_BODY: usize = 16 * 1024;
const JOIN: &str = "/api/v1/queue/join";

pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript) {
    for path in [
        "//",
        "//healthz",
        "/./healthz",
        "/x/../healthz",
        "/x/..",
        "/../healthz",
        "/healthz/.",
        "/x//../healthz",
        "/x/%2e%2e/healthz",
        "/...",
        "/%68ealthz",
        "/healthz%2f",
        "/healthz;a=b",
        "/HEALTHZ",
        "/api/v1/cart/",
        "/api/v1/events/some-event/../../cart",
        "/api/v1/orders/%2e%2e/cart",
        "/api/v1/orders/..",
        "/api\\v1\\cart",
        "/api/v1/events/%61rena/queue",
        "/assets/../healthz",
        "/assets/..%2fhealthz",
        "/healthz?a={b}|c",
        "/api/v1/queue/status?token=a%20b&token=c",
        "/api/v1/queue/status?x&token",
    ] {
        get(edge, transcript, path).await;
    }
    limits(edge, transcript).await;
    header_limits(edge, transcript).await;
    headers(edge, transcript).await;
    bodies(edge, transcript).await;
}

async fn limits(edge: &Edge, transcript: &mut Transcript) {
    let path = "/healthz?";
    for length in [LONGEST_URI, LONGEST_URI + 1] {
        let target = format!("{path}{}", "x".repeat(length - path.len()));
        let answer = Raw::new("GET", &target).send(&edge.url).await;
        transcript
            .note(&format!("GET a target of {length} bytes"), answer)
            .await;
    }
}

async fn header_limits(edge: &Edge, transcript: &mut Transcript) {
    let of = |name: &'static str, length: usize| Raw::new("GET", "/healthz").header(name, "x".repeat(length));
    for (name, longest) in [
        ("authorization", LONGEST_TOKEN),
        ("queue-token", LONGEST_TOKEN),
        ("shop-token", LONGEST_TOKEN),
        ("cookie", LONGEST_COOKIES),
    ] {
        for length in [longest, longest + 1] {
            let answer = of(name, length).send(&edge.url).await;
            transcript
                .note(&format!("GET with {length} bytes of {name}"), answer)
                .await;
        }
    }
    // The room that the client's own headers and the runtime's need is not known to the byte.
    for (asked, length) in [
        ("almost all that headers may have", LARGEST_HEADERS - 1024),
        ("more than headers may have", LARGEST_HEADERS),
    ] {
        let pieces = [length / 4; 4].into_iter().zip(["x-a", "x-b", "x-c", "x-d"]);
        let request = pieces.fold(Raw::new("GET", "/healthz"), |request, (length, name)| {
            request.header(name, "x".repeat(length - name.len() - 4))
        });
        transcript.note(asked, request.send(&edge.url).await).await;
    }
}

async fn headers(edge: &Edge, transcript: &mut Transcript) {
    let status = || Raw::new("GET", "/api/v1/queue/status");
    let challenge = || Raw::new("GET", "/api/v1/queue/challenge?event_id=some-event");
    let token = edge.fan_named(&format!("{}-strange", transcript.run())).token;
    for (asked, request) in [
        (
            "a ticket twice",
            status().header("queue-token", "a").header("queue-token", "b"),
        ),
        ("an empty ticket", status().header("queue-token", "")),
        ("a ticket in UTF-8", status().header("queue-token", "café")),
        ("an account token twice", challenge().bearer(&token).bearer(&token)),
        (
            "an account token and an empty one",
            challenge().bearer(&token).header("authorization", ""),
        ),
        ("an empty account token", challenge().header("authorization", "")),
        (
            "a small bearer",
            challenge().header("authorization", format!("bearer {token}")),
        ),
        (
            "two spaces",
            challenge().header("authorization", format!("Bearer  {token}")),
        ),
        ("Basic", challenge().header("authorization", "Basic abc")),
        (
            "a shop token twice",
            Raw::new("GET", "/api/v1/cart")
                .header("shop-token", "a")
                .header("shop-token", "b"),
        ),
        (
            "conditions",
            Raw::new("GET", "/")
                .header("if-none-match", "*")
                .header("range", "bytes=0-1"),
        ),
        (
            "an encoding",
            Raw::new("GET", "/").header("accept-encoding", "gzip, br"),
        ),
        (
            "another site",
            Raw::new("GET", "/healthz").header("origin", "https://elsewhere.example"),
        ),
    ] {
        transcript.note(asked, request.send(&edge.url).await).await;
    }
}

async fn bodies(edge: &Edge, transcript: &mut Transcript) {
    let token = edge.fan_named(&format!("{}-strange", transcript.run())).token;
    let join = || Raw::new("POST", JOIN).bearer(&token);
    let largest = || vec![b' '; LARGEST_BODY];
    let types = [
        "text/plain",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/jsonp",
        "",
    ];
    for content_type in types {
        let request = join().header("content-type", content_type).body("{}");
        let answer = request.send(&edge.url).await;
        transcript
            .note(&format!("a body of type '{content_type}'"), answer)
            .await;
    }
    let pieces = |length: usize| vec![vec![b' '; length / 2], vec![b' '; length - length / 2]];
    let unknown = r#"{"event_id":"no-such-event","device_fingerprint":"","captcha_token":"","more":1}"#;
    for (asked, request) in [
        ("no body", join().json("")),
        ("half a body", join().json("{")),
        ("a body of another form", join().json(r#"{"event_id":1}"#)),
        ("an unknown field", join().json(unknown)),
        (
            "a body that is not UTF-8",
            join().json(b"{\"event_id\":\"\xff\"}".as_slice()),
        ),
        ("the largest body", join().json(largest())),
        (
            "a body that is too large",
            join().json([largest(), vec![b' ']].concat()),
        ),
        (
            "the largest body in pieces",
            join()
                .header("content-type", "application/json")
                .pieces(pieces(LARGEST_BODY)),
        ),
        (
            "pieces that are too large",
            join()
                .header("content-type", "application/json")
                .pieces(pieces(LARGEST_BODY + 1)),
        ),
        ("a body where none is wanted", Raw::new("GET", "/healthz").json("{}")),
        (
            "a body that is too large where none is wanted",
            Raw::new("PUT", "/nothing").body([largest(), vec![b' ']].concat()),
        ),
    ] {
        transcript.note(asked, request.send(&edge.url).await).await;
    }
}
