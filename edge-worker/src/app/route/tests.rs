use super::*;

fn status_of(method: Method, path: &str) -> u16 {
    match find_own(&method, path) {
        Ok(_) => 200,
        Err(refusal) => refusal.into_response().status().as_u16(),
    }
}

#[test]
fn what_sells_is_guarded_and_the_admin_api_is_not_there() {
    let guarded = [
        (Method::GET, "/api/v1/cart"),
        (Method::DELETE, "/api/v1/cart"),
        (Method::POST, "/api/v1/cart/seats"),
        (Method::DELETE, "/api/v1/cart/seats"),
        (Method::POST, "/api/v1/checkout"),
    ];
    for (method, path) in guarded {
        assert_eq!(
            find_own(&method, path).unwrap(),
            Endpoint::Origin(OriginAccess::Guarded { event: None }),
            "{path}"
        );
    }
    let seats = find_own(&Method::GET, "/api/v1/events/arena/seats").unwrap();
    let arena = EventId::parse("arena").unwrap();
    assert_eq!(seats, Endpoint::Origin(OriginAccess::Guarded { event: Some(arena) }));
    for path in [
        "/api/v1/admin/events",
        "/api/v1/admin/audit",
        "/api/v1/carts",
        "/api/v1/cart/",
        "//api/v1/cart",
    ] {
        assert_eq!(status_of(Method::GET, path), 404, "{path}");
    }
}

#[test]
fn verified_fans_register_and_get_their_pass_without_a_shop_token() {
    for (method, path) in [
        (Method::GET, "/api/v1/events/arena/registration"),
        (Method::POST, "/api/v1/events/arena/registration"),
        (Method::GET, "/api/v1/events/arena/pass"),
    ] {
        let found = find_own(&method, path).unwrap();
        assert_eq!(found, Endpoint::Origin(OriginAccess::Fan), "{path}");
    }
    assert_eq!(status_of(Method::POST, "/api/v1/events/arena/pass"), 405);
    assert_eq!(status_of(Method::GET, "/api/v1/admin/events/arena/fans"), 404);
}

#[test]
fn what_belongs_to_an_account_needs_its_token_at_the_edge() {
    for (method, path, access) in [
        (Method::POST, "/api/v1/accounts", OriginAccess::SignIn),
        (Method::POST, "/api/v1/sessions", OriginAccess::SignIn),
        (Method::GET, "/api/v1/orders", OriginAccess::Account),
        (Method::GET, "/api/v1/orders/one", OriginAccess::Account),
        (Method::GET, "/api/v1/tickets/one/qr.svg", OriginAccess::SignedAddress),
    ] {
        assert_eq!(find_own(&method, path).unwrap(), Endpoint::Origin(access), "{path}");
    }
}

#[test]
fn another_spelling_of_a_path_is_another_path() {
    for path in [
        "/api/v1/events/arena/%73eats",
        "/api/v1/events/../cart",
        "/api/v1/events/arena%2fseats",
        "/api/v1/orders/../cart",
        "/api/v1/orders/%2e%2e",
        "/api/v1/events/arena/seats/",
        "/API/v1/cart",
    ] {
        assert_eq!(status_of(Method::GET, path), 404, "{path}");
    }
}

#[test]
fn a_wrong_method_is_named_as_such() {
    assert_eq!(status_of(Method::GET, "/api/v1/queue/join"), 405);
    assert_eq!(status_of(Method::PATCH, "/api/v1/cart"), 405);
    assert_eq!(status_of(Method::POST, "/"), 405);
}

#[test]
fn numbers_in_paths_are_plain_numbers() {
    assert_eq!(status_of(Method::GET, "/api/v1/events/a/draws/4294967295"), 200);
    for draw in ["4294967296", "-1", "+1", "x", ""] {
        assert_eq!(
            status_of(Method::GET, &format!("/api/v1/events/a/draws/{draw}")),
            404,
            "{draw}"
        );
    }
}

#[test]
fn at_a_host_of_no_site_there_is_only_what_an_operator_and_the_page_that_says_so_need() {
    for (method, path) in [
        (Method::GET, "/healthz"),
        (Method::GET, "/.well-known/jwks.json"),
        (Method::GET, "/assets/waiting.0123456789abcdef.css"),
        (Method::GET, "/api/v1/control/events"),
        (Method::GET, "/api/v1/control/events/a"),
        (Method::PUT, "/api/v1/control/events/a"),
        (Method::GET, "/api/v1/control/events/a/stats"),
    ] {
        assert!(find(Behind::Nothing, &method, path).is_ok(), "{path}");
    }
    for (method, path) in [
        (Method::GET, "/"),
        (Method::POST, "/join"),
        (Method::POST, "/api/v1/queue/join"),
        (Method::GET, "/api/v1/queue/status"),
        (Method::GET, "/api/v1/events/a/queue"),
        (Method::GET, "/api/v1/cart"),
        (Method::GET, "/nothing"),
    ] {
        let refused = find(Behind::Nothing, &method, path).unwrap_err();
        assert_eq!(refused.into_response().status(), 421, "{path}");
    }
    assert_eq!(own_path(Behind::Nothing, "/healthz"), None);
    assert_eq!(own_path(Behind::Nothing, "/.stanchion/healthz"), Some("/healthz"));
    assert_eq!(
        own_path(Behind::Shop, "/.stanchion/healthz"),
        Some("/.stanchion/healthz")
    );
}
