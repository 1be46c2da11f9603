//! Nights that begin where an earlier one stopped.

use conum::fetch::state::{State, state_name};
use conum::fetch::{Error, Request, page_name};

use crate::api::server::{Failure, Knobs, Links, Server};
use crate::api::support::{Memory, ROUTE, activities, call, knobs, request};

/// The same request, a night later.
fn next_night(request: Request) -> Request {
    Request {
        stamp: "20261103".to_owned(),
        now: "2026-11-03T03:00:00Z".parse().unwrap(),
        ..request
    }
}

#[test]
fn an_interrupted_listing_goes_on_at_the_page_that_was_not_saved() {
    let server = Server::start(activities(9), knobs());
    let night = request(&server);
    let mut place = Memory { broken: Some(page_name(ROUTE, "20261102", 3)), ..Memory::default() };
    let (fetched, _) = call(&night, &mut place);
    let error = fetched.unwrap_err();
    assert!(matches!(error, Error::Save(_)));
    assert_eq!(error.to_string(), "cannot save `coop_api_activites_20261102_0003.json`: disk full");
    let State { watermark, unfinished } = place.state();
    assert_eq!(watermark, None);
    assert_eq!(unfinished.unwrap().pages_saved, 2);

    let before = server.seen().len();
    place.broken = None;
    let summary = call(&next_night(night), &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.pages, summary.total_announced), (9, 3, Some(9)));
    assert_eq!((summary.resumed, summary.stamp.as_str()), (true, "20261102"));
    // The watermark is that of the night that began.
    assert_eq!(summary.watermark, Some("2026-11-02T02:00:00Z".parse().unwrap()));
    assert_eq!(place.state(), State { watermark: summary.watermark, unfinished: None });
    assert_eq!(place.ids("20261102").len(), 9);
    let targets: Vec<String> =
        server.seen().drain(before..).map(|request| request.target).collect();
    assert_eq!(targets.len(), 2);
    assert!(targets[0].ends_with("page[after]=2026-11-01T08:04:00.000Z###a04"), "{targets:?}");
}

#[test]
fn an_interruption_at_any_save_leads_to_the_same_files() {
    let whole = {
        let server = Server::start(activities(8), knobs());
        let mut place = Memory::default();
        call(&request(&server), &mut place).0.unwrap();
        place
    };
    for saves in 0.. {
        let server = Server::start(activities(8), knobs());
        let night = request(&server);
        let mut place = Memory { saves_left: Some(saves), ..Memory::default() };
        if call(&night, &mut place).0.is_ok() {
            assert!(saves > 5);
            return;
        }
        place.saves_left = None;
        let summary = call(&night, &mut place).0.unwrap();
        assert_eq!((summary.rows, summary.pages), (8, 3), "{saves}");
        assert_eq!(place.ids("20261102"), whole.ids("20261102"), "{saves}");
        assert_eq!(place.pages(), whole.pages(), "{saves}");
        assert_eq!(place.state(), State { watermark: summary.watermark, unfinished: None });
    }
}

#[test]
fn a_night_without_an_answer_leaves_the_next_one_everything() {
    let failures = (1..=5).map(|number| (number, Failure::Close)).collect();
    let server = Server::start(activities(4), Knobs { failures, ..knobs() });
    let mut place = Memory::default();
    let night = request(&server);
    assert!(matches!(call(&night, &mut place).0, Err(Error::Unavailable(_))));
    assert_eq!(place.state().watermark, None);
    let summary = call(&next_night(night), &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.stamp.as_str(), summary.resumed), (4, "20261103", false));
}

#[test]
fn a_cursor_that_the_server_no_longer_knows_starts_the_listing_again() {
    // Page 3 breaks the first night, and its address is unknown the second night.
    let failures = [(3, Failure::Status(501)), (4, Failure::Status(400))].into();
    let server = Server::start(activities(9), Knobs { failures, ..knobs() });
    let night = request(&server);
    let mut place = Memory::default();
    assert!(matches!(call(&night, &mut place).0, Err(Error::Unexpected(_))));
    assert_eq!(place.pages().len(), 2);

    let summary = call(&next_night(night), &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.stamp.as_str(), summary.resumed), (9, "20261103", false));
    assert_eq!(summary.watermark, Some("2026-11-03T02:00:00Z".parse().unwrap()));
    assert_eq!((place.ids("20261102").len(), place.ids("20261103").len()), (0, 9));
}

#[test]
fn a_route_that_is_away_for_a_night_costs_no_page() {
    let away = (4..=5).map(|number| (number, Failure::Status(404)));
    let failures = away.chain([(3, Failure::Status(501))]).collect();
    let server = Server::start(activities(9), Knobs { failures, ..knobs() });
    let night = request(&server);
    let mut place = Memory::default();
    for requests in [3, 5] {
        assert!(matches!(call(&night, &mut place).0, Err(Error::Unexpected(_))));
        assert_eq!((server.seen().len(), place.pages().len()), (requests, 2));
    }
    let summary = call(&next_night(night), &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.stamp.as_str(), summary.resumed), (9, "20261102", true));
}

#[test]
fn an_unfinished_listing_of_another_server_gets_no_secret() {
    let old = Server::start(activities(9), knobs());
    let mut place = Memory { saves_left: Some(3), ..Memory::default() };
    assert!(call(&request(&old), &mut place).0.is_err());
    place.saves_left = None;
    let asked = old.seen().len();

    let server = Server::start(activities(5), knobs());
    let summary = call(&next_night(request(&server)), &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.resumed), (5, false));
    assert_eq!(old.seen().len(), asked);
    assert!(place.pages().iter().all(|name| name.contains("20261103")));
}

#[test]
fn an_unfinished_listing_is_dropped_only_for_one_that_reaches_further_back() {
    let server = Server::start(activities(9), knobs());
    let since = |minute: &str| Some(format!("2026-11-01T08:{minute}:00Z").parse().unwrap());
    for (asked, expected) in
        [(since("01"), true), (since("06"), true), (None, false), (since("00"), false)]
    {
        let night = Request { since: since("01"), ..request(&server) };
        let mut place = Memory { saves_left: Some(3), ..Memory::default() };
        assert!(call(&night, &mut place).0.is_err());
        place.saves_left = None;
        let night = Request { since: asked, ..next_night(night) };
        let summary = call(&night, &mut place).0.unwrap();
        assert_eq!((summary.rows, summary.resumed), (9, expected), "{asked:?}");
    }
}

#[test]
fn a_listing_that_leaves_a_gap_does_not_move_the_watermark() {
    let server = Server::start(activities(9), knobs());
    let mut place = Memory::default();
    let night = request(&server);
    let first = call(&night, &mut place).0.unwrap();
    let since = Some("2026-11-02T23:00:00Z".parse().unwrap());
    let later = call(&Request { since, ..next_night(night) }, &mut place).0.unwrap();
    assert_eq!(later.watermark, first.watermark);
}

#[test]
fn a_listing_without_end_is_an_error_and_leaves_nothing() {
    let server = Server::start(activities(9), Knobs { links: Links::Looping, ..knobs() });
    let mut place = Memory::default();
    let (fetched, _) = call(&request(&server), &mut place);
    assert!(matches!(fetched, Err(Error::Unexpected(_))), "{fetched:?}");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(place.state(), State::default());
    assert!(place.pages().is_empty());
}

#[test]
fn a_listing_of_too_many_pages_is_an_error() {
    let server = Server::start(activities(9), knobs());
    let mut place = Memory::default();
    let night = Request { pages_max: 2, ..request(&server) };
    assert!(matches!(call(&night, &mut place).0, Err(Error::Unexpected(_))));
    assert_eq!(place.pages().len(), 2);
    let summary = call(&Request { pages_max: 3, ..night }, &mut place).0.unwrap();
    assert_eq!((summary.rows, summary.resumed), (9, true));
}

#[test]
fn pages_of_a_completed_listing_are_not_overwritten() {
    let server = Server::start(activities(4), knobs());
    let mut place = Memory::default();
    let night = request(&server);
    let summary = call(&night, &mut place).0.unwrap();
    let files = place.files.clone();
    let again = Request { since: summary.watermark, ..night };
    assert!(matches!(call(&again, &mut place).0, Err(Error::Save(_))));
    assert_eq!(place.files, files);
    let outside = Request { stamp: "../x".to_owned(), ..again };
    assert!(matches!(call(&outside, &mut place).0, Err(Error::Save(_))));
}

#[test]
fn a_broken_state_is_not_taken_for_none() {
    let server = Server::start(activities(4), knobs());
    let mut place = Memory::default();
    place.files.insert(state_name(ROUTE), b"{\"watermark\": \"2026".to_vec());
    let (fetched, _) = call(&request(&server), &mut place);
    assert!(matches!(fetched, Err(Error::Save(_))), "{fetched:?}");
    assert!(server.seen().is_empty());
}
