//! One night.

use std::time::Duration;

use conum::fetch::client::{Client, Limits};
use conum::fetch::{Error, Patience, Request, Route, Token, fetch};
use serde_json::Value;

use crate::api::server::{Failure, Knobs, Links, Server};
use crate::api::support::{Memory, activities, call, knobs, request};

fn failing(failures: impl IntoIterator<Item = (usize, Failure)>) -> Knobs {
    Knobs { failures: failures.into_iter().collect(), ..knobs() }
}

#[test]
fn saves_every_row_as_received_and_not_the_empty_page() {
    for links in [Links::Absolute, Links::Relative] {
        let server = Server::start(activities(6), Knobs { links, ..knobs() });
        let mut place = Memory::default();
        let (fetched, waits) = call(&request(&server), &mut place);
        let summary = fetched.unwrap();
        assert_eq!((summary.rows, summary.pages), (6, 2));
        assert_eq!((summary.total_announced, summary.shortfall()), (Some(6), 0));
        assert!(!summary.resumed);
        assert_eq!(
            place.pages(),
            ["coop_api_activites_20261102_0001.json", "coop_api_activites_20261102_0002.json"]
        );
        assert_eq!(place.ids("20261102"), ["a06", "a05", "a04", "a03", "a02", "a01"]);
        assert_eq!((server.seen().len(), waits.len()), (3, 0));
        assert_eq!(server.seen()[0].target, "/api/v1/activites?page[size]=3");

        let bytes = &place.files["coop_api_activites_20261102_0001.json"];
        let page: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(page.to_string().as_bytes(), bytes.as_slice());
    }
}

#[test]
fn stops_at_a_page_without_a_link() {
    let server = Server::start(activities(5), Knobs { links: Links::Absent, ..knobs() });
    let mut place = Memory::default();
    let summary = call(&request(&server), &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.pages, summary.shortfall()), (3, 1, 2));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_empty_listing_is_complete() {
    let server = Server::start(activities(4), knobs());
    let mut place = Memory::default();
    let since = Some("2026-11-01T09:00:00Z".parse().unwrap());
    let summary = call(&Request { since, ..request(&server) }, &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.pages, summary.total_announced), (0, 0, Some(0)));
    assert!(place.pages().is_empty());
    assert_eq!(place.state().watermark, summary.watermark);
}

#[test]
fn asks_for_the_modified_rows_of_its_route() {
    let mut rows = activities(5);
    rows[4]["type"] = "structure".into();
    let server = Server::start(rows, knobs());
    let since = Some("2026-11-01T08:02:00Z".parse().unwrap());
    let summary = call(&Request { since, ..request(&server) }, &mut Memory::default()).0.unwrap();
    assert_eq!((summary.rows, summary.since), (3, since));
    assert_eq!(
        server.seen()[0].target,
        "/api/v1/activites?page[size]=3&filter[modification][depuis]=2026-11-01T08:02:00Z"
    );
    let route = Route::Structures;
    let mut place = Memory::default();
    let summary = call(&Request { route, ..request(&server) }, &mut place).0.unwrap();
    assert_eq!(summary.rows, 1);
    assert_eq!(place.pages()[1], "coop_api_structures_20261102_0001.json");
}

#[test]
fn the_watermark_is_before_the_listing_and_brings_back_rows_that_moved() {
    // The last row of the last page is modified while the first page is on its way.
    let touch = (2, "a01".to_owned(), "2026-11-02T03:00:01.000Z".to_owned());
    let server = Server::start(activities(9), Knobs { touches: vec![touch], ..knobs() });
    let mut place = Memory::default();
    let night = request(&server);
    let summary = call(&night, &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.shortfall()), (8, 1));
    assert_eq!(summary.watermark, Some("2026-11-02T02:00:00Z".parse().unwrap()));
    assert_eq!(place.state().watermark, summary.watermark);

    let night = Request {
        since: summary.watermark,
        stamp: "20261103".to_owned(),
        now: "2026-11-03T03:00:00Z".parse().unwrap(),
        ..night
    };
    let summary = call(&night, &mut place).0.unwrap();
    assert_eq!(place.ids("20261103"), ["a01"]);
    assert_eq!(summary.watermark, Some("2026-11-03T02:00:00Z".parse().unwrap()));
}

#[test]
fn passing_failures_are_tried_again() {
    let failures = [
        Failure::Status(500),
        Failure::Status(502),
        Failure::Status(503),
        Failure::Status(504),
        Failure::Close,
        Failure::CutBody,
        Failure::CutPage,
    ];
    for failure in failures {
        let twice = [(2, failure.clone()), (3, failure)];
        let server = Server::start(activities(6), failing(twice));
        let mut place = Memory::default();
        let (fetched, waits) = call(&request(&server), &mut place);
        assert_eq!(fetched.unwrap().rows, 6);
        assert_eq!(place.ids("20261102").len(), 6);
        assert_eq!((server.seen().len(), waits.len()), (5, 2));
        assert!(waits[0] <= Duration::from_secs(1) && waits[1] <= Duration::from_secs(2));
    }
}

#[test]
fn waits_as_long_as_the_server_asks_and_no_longer_than_a_minute() {
    let server = Server::start(activities(2), failing([(1, Failure::RetryAfter(429, 17))]));
    let (fetched, waits) = call(&request(&server), &mut Memory::default());
    assert_eq!((fetched.unwrap().rows, waits), (2, vec![Duration::from_secs(17)]));

    let server = Server::start(activities(2), failing([(1, Failure::RetryAfter(429, 3600))]));
    let (fetched, waits) = call(&request(&server), &mut Memory::default());
    assert!(matches!(fetched, Err(Error::Unavailable(_))));
    assert_eq!((server.seen().len(), waits.len()), (1, 0));
}

#[test]
fn gives_up_after_five_attempts() {
    let server =
        Server::start(activities(2), failing((1..=9).map(|number| (number, Failure::Status(503)))));
    let (fetched, waits) = call(&request(&server), &mut Memory::default());
    let error = fetched.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    assert_eq!(
        error.to_string(),
        "cannot fetch `activites`: the server answers HTTP 503, after 5 attempts"
    );
    assert_eq!((server.seen().len(), waits.len()), (5, 4));
}

#[test]
fn an_answer_that_stalls_takes_no_more_than_its_time() {
    let server = Server::start(activities(2), failing([(1, Failure::Stall), (2, Failure::Stall)]));
    let limits = Limits { total: Duration::from_millis(200), ..Limits::default() };
    let client = Client::new(limits, None).unwrap();
    let patience = Patience { attempts_max: 2, ..Patience::default() };
    let night = Request { patience, ..request(&server) };
    let fetched = fetch(&night, &client, &mut Memory::default(), &mut |_| ());
    assert!(matches!(fetched, Err(Error::Unavailable(_))), "{fetched:?}");
}

#[test]
fn an_answer_that_is_too_long_is_not_read() {
    let server = Server::start(activities(6), knobs());
    let limits = Limits { body_bytes_max: 100, ..Limits::default() };
    let client = Client::new(limits, None).unwrap();
    let fetched = fetch(&request(&server), &client, &mut Memory::default(), &mut |_| ());
    assert!(matches!(fetched, Err(Error::Unexpected(_))), "{fetched:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn no_server_is_a_passing_failure() {
    let server = Server::start(Vec::new(), knobs());
    let night = request(&server);
    drop(server);
    let (fetched, waits) = call(&night, &mut Memory::default());
    assert!(matches!(fetched, Err(Error::Unavailable(_))), "{fetched:?}");
    assert_eq!(waits.len(), 4);
}

#[test]
fn a_wrong_secret_is_refused_after_one_request() {
    let server = Server::start(activities(6), knobs());
    let token = Token::new("another:secret\n").unwrap();
    let (fetched, _) = call(&Request { token, ..request(&server) }, &mut Memory::default());
    assert!(matches!(fetched, Err(Error::Refused(_))), "{fetched:?}");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].authorization.as_deref(), Some("Bearer another:secret"));

    let server = Server::start(activities(6), failing([(1, Failure::Status(403))]));
    let (fetched, _) = call(&request(&server), &mut Memory::default());
    assert!(matches!(fetched, Err(Error::Refused(_))), "{fetched:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_wrong_request_is_not_repeated() {
    let server = Server::start(activities(6), knobs());
    let too_large = Request { page_size: 501, ..request(&server) };
    let (fetched, _) = call(&too_large, &mut Memory::default());
    assert!(matches!(fetched, Err(Error::Unexpected(_))), "{fetched:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn something_else_than_a_page_is_not_saved() {
    for text in ["<html></html>", r#"{"errors": []}"#] {
        let server = Server::start(activities(6), failing([(2, Failure::Text(text.to_owned()))]));
        let mut place = Memory::default();
        let (fetched, _) = call(&request(&server), &mut place);
        assert!(matches!(fetched, Err(Error::Unexpected(_))), "{fetched:?}");
        assert_eq!((server.seen().len(), place.pages().len()), (2, 1));
    }
}

#[test]
fn the_secret_goes_to_no_other_server() {
    let other = Server::start(activities(6), knobs());
    let links = Links::Elsewhere(other.url());
    let server = Server::start(activities(6), Knobs { links, ..knobs() });
    let (fetched, _) = call(&request(&server), &mut Memory::default());
    assert!(matches!(fetched, Err(Error::Refused(_))), "{fetched:?}");
    assert_eq!(server.seen().len(), 1);

    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/api/v1/activites", other.url());
        let server = Server::start(activities(6), failing([(1, Failure::Redirect(status, to))]));
        let (fetched, _) = call(&request(&server), &mut Memory::default());
        assert!(matches!(fetched, Err(Error::Refused(_))), "{fetched:?}");
        assert_eq!(server.seen().len(), 1);
    }
    assert!(other.seen().is_empty());
}
