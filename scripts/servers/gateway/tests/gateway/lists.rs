//! Lists and searches of intents.

use crate::running::{Reply, Running, paying_with, visa, with};

fn ids(reply: &Reply) -> Vec<String> {
    let data = reply.body["data"]
        .as_array()
        .unwrap_or_else(|| panic!("a list in {}", reply.body));
    data.iter()
        .map(|intent| intent["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_together_hold_every_intent_once_newest_first() {
    let gateway = Running::start().await;
    let mut made = Vec::new();
    for _ in 0..23 {
        made.push(gateway.authorized("1000").await);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut query = "limit=5".to_owned();
    loop {
        let page = gateway.get(&format!("/v1/payment_intents?{query}")).await;
        assert_eq!(page.text("object"), "list");
        assert_eq!(page.text("url"), "/v1/payment_intents");
        seen.extend(ids(&page));
        assert_eq!(page.body["has_more"], seen.len() < made.len());
        if page.body["has_more"] == false {
            break;
        }
        query = format!("limit=5&starting_after={}", seen.last().unwrap());
    }
    assert_eq!(seen, made);
    assert_eq!(
        ids(&gateway.get("/v1/payment_intents").await).len(),
        10,
        "ten unless said otherwise"
    );
}

#[tokio::test]
async fn a_page_that_ends_with_the_last_intent_says_there_is_no_more() {
    let gateway = Running::start().await;
    for _ in 0..3 {
        gateway.authorized("1000").await;
    }
    assert_eq!(gateway.get("/v1/payment_intents?limit=3").await.body["has_more"], false);
    assert_eq!(gateway.get("/v1/payment_intents?limit=2").await.body["has_more"], true);
}

#[tokio::test]
async fn lists_know_the_limits_of_their_parameters() {
    let gateway = Running::start().await;
    for limit in ["1", "100"] {
        assert_eq!(
            gateway
                .get(&format!("/v1/payment_intents?limit={limit}"))
                .await
                .status
                .as_u16(),
            200
        );
    }
    for limit in ["0", "101", "-1", "x", ""] {
        assert_eq!(
            gateway
                .get(&format!("/v1/payment_intents?limit={limit}"))
                .await
                .error()
                .0,
            400,
            "{limit}"
        );
    }
    assert_eq!(
        gateway
            .get("/v1/payment_intents?starting_after=pi_none")
            .await
            .error()
            .2,
        Some("resource_missing")
    );
    assert_eq!(
        gateway.get("/v1/payment_intents?color=red").await.error().2,
        Some("parameter_unknown")
    );
    assert_eq!(
        gateway.get("/v1/payment_intents?created[about]=1").await.error().2,
        Some("parameter_unknown")
    );
    assert_eq!(gateway.get("/v1/payment_intents?created[gt]=soon").await.error().0, 400);
}

#[tokio::test]
async fn lists_can_be_bounded_by_the_time_of_creation() {
    let gateway = Running::start().await;
    let id = gateway.authorized("1000").await;
    let created = gateway.retrieve(&id).await.body["created"].as_u64().unwrap();
    for (bounds, found) in [
        (format!("created={created}"), 1),
        (format!("created[gte]={created}"), 1),
        (format!("created[gt]={created}"), 0),
        (format!("created[lte]={created}"), 1),
        (format!("created[lt]={created}"), 0),
        (format!("created[gt]={}&created[lt]={}", created - 1, created + 1), 1),
    ] {
        assert_eq!(
            ids(&gateway.get(&format!("/v1/payment_intents?{bounds}")).await).len(),
            found,
            "{bounds}"
        );
    }
}

async fn search(gateway: &Running, query: &str) -> Reply {
    let request = gateway.request(reqwest::Method::GET, "/v1/payment_intents/search");
    Running::send(request.bearer_auth(crate::running::KEY).query(&[("query", query)])).await
}

#[tokio::test]
async fn a_search_finds_the_intents_of_an_order_whatever_became_of_them() {
    let gateway = Running::start().await;
    let declined = gateway
        .authorize(&with(
            paying_with("pm_card_chargeDeclined", "1000"),
            "metadata[order_id]",
            "7",
        ))
        .await
        .body["error"]["payment_intent"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let held = gateway
        .authorize(&with(visa("1000"), "metadata[order_id]", "7"))
        .await
        .id();
    gateway.authorize(&with(visa("1000"), "metadata[order_id]", "8")).await;
    gateway.authorize(&with(visa("1000"), "metadata[cart]", "7")).await;

    for query in [
        "metadata['order_id']:'7'",
        "metadata[\"order_id\"]:\"7\"",
        " metadata['order_id']:'7' ",
    ] {
        let found = search(&gateway, query).await;
        assert_eq!(found.text("object"), "search_result");
        assert_eq!(found.body["has_more"], false);
        assert!(found.body["next_page"].is_null());
        assert_eq!(ids(&found), [held.clone(), declined.clone()], "{query}");
    }
    assert_eq!(
        ids(&search(&gateway, "metadata['order_id']:'7' AND status:'requires_capture'").await),
        [held]
    );
    assert_eq!(
        ids(&search(&gateway, "status:'requires_payment_method'").await),
        [declined]
    );
    assert!(ids(&search(&gateway, "metadata['order_id']:'9'").await).is_empty());
}

#[tokio::test]
async fn quotes_in_a_searched_value_are_escaped() {
    let gateway = Running::start().await;
    let id = gateway
        .authorize(&with(visa("1000"), "metadata[name]", r"O'Neill \ Sons"))
        .await
        .id();
    assert_eq!(
        ids(&search(&gateway, r"metadata['name']:'O\'Neill \\ Sons'").await),
        [id]
    );
}

#[tokio::test]
async fn a_search_is_paged() {
    let gateway = Running::start().await;
    for _ in 0..3 {
        gateway.authorize(&with(visa("1000"), "metadata[order_id]", "7")).await;
    }
    let query = "/v1/payment_intents/search?limit=2&query=metadata%5B%27order_id%27%5D%3A%277%27";
    let first = gateway.get(query).await;
    assert_eq!((ids(&first).len(), &first.body["has_more"]), (2, &true.into()));
    let second = gateway.get(&format!("{query}&page={}", first.text("next_page"))).await;
    assert_eq!((ids(&second).len(), &second.body["has_more"]), (1, &false.into()));
    assert!(!ids(&first).contains(&ids(&second)[0]));
    let unknown = gateway.get(&format!("{query}&page=pi_none")).await;
    assert_eq!(
        (unknown.error().2, &unknown.body["error"]["param"]),
        (Some("resource_missing"), &"page".into())
    );
}

#[tokio::test]
async fn a_search_that_is_not_understood_is_refused() {
    let gateway = Running::start().await;
    for query in [
        "metadata",
        "metadata['a']",
        "metadata['a']:'b",
        "metadata[a]:'b'",
        "order_id:'7'",
        "status:'a' OR status:'b'",
        "status:'a' AND",
        "status>'a'",
    ] {
        assert_eq!(search(&gateway, query).await.error().0, 400, "{query}");
    }
    assert_eq!(
        gateway.get("/v1/payment_intents/search").await.error().2,
        Some("parameter_missing")
    );
}
