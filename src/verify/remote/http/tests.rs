//! The client against a server on this machine that answers as it should, late, wrongly or not at all.

use std::{net::TcpListener, thread, time::Instant};

use serde_json::{Value, json};

use super::{
    super::{
        reward::Unscored,
        testing::{Answer, Server},
    },
    *,
};

/// A quick client: batches of two, two retries.
fn config(url: String) -> RemoteConfig {
    RemoteConfig {
        url: Some(url),
        batch_size: 2,
        max_in_flight: 1,
        timeout_seconds: 10.0,
        retries: 2,
        backoff_seconds: 0.001,
        ..RemoteConfig::default()
    }
}

fn scored(config: &RemoteConfig, responses: &[&str]) -> Vec<Scored> {
    let queries: Vec<_> =
        responses.iter().map(|response| RewardQuery { prompt: "n = ", response, label: "l" }).collect();
    config.open().unwrap().unwrap().score(&queries)
}

fn rewards(scored: &[Scored]) -> Vec<f64> {
    scored.iter().map(|scored| scored.as_ref().unwrap().reward).collect()
}

/// What every one of a batch of two is told when the server answers like this, and the requests it got.
fn reason(
    change: impl FnOnce(&mut RemoteConfig),
    answer: impl Fn(usize) -> Answer + Send + Sync + 'static,
) -> (String, usize) {
    let server = Server::start(move |before, _| answer(before));
    let mut config = config(server.url());
    change(&mut config);
    let scored = scored(&config, &["1", "2"]);
    let [Err(Unscored { reason }), Err(second)] = scored.as_slice() else {
        panic!("scored after all: {scored:?}")
    };
    assert_eq!(reason, &second.reason);
    (reason.clone(), server.received().len())
}

/// A server's answer: each query's number.
fn numbers(body: &Value) -> Answer {
    let queries = body["query"].as_array().unwrap().iter();
    let numbers: Vec<f64> =
        queries.map(|query| query.as_str().unwrap().strip_prefix("n = ").unwrap().parse().unwrap()).collect();
    Answer::ok(json!({ "rewards": numbers }))
}

#[test]
fn requests_are_posts_of_json_in_openrlhfs_shape() {
    let server = Server::start(|_, body| numbers(body));
    assert_eq!(rewards(&scored(&config(server.url()), &["1", "2", "3"])), [1.0, 2.0, 3.0]);
    let received = server.received();
    assert!(received[0].head.starts_with("post /get_reward http/1.1\r\n"), "{}", received[0].head);
    assert!(received[0].head.contains("\r\ncontent-type: application/json\r\n"), "{}", received[0].head);
    let expected = json!({"query": ["n = 1", "n = 2"], "prompts": ["n = ", "n = "], "labels": ["l", "l"]});
    assert_eq!(received[0].body, expected);
    assert_eq!(received[1].body["query"], json!(["n = 3"]));
    assert_eq!(received.len(), 2);
}

#[test]
fn rewards_keep_the_queries_order_whatever_order_answers_come_in() {
    let server = Server::start(|before, body| {
        // Every second answer is late, so that batches are finished in another order.
        thread::sleep(Duration::from_millis(if before % 2 == 0 { 20 } else { 5 }));
        numbers(body)
    });
    let responses: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    let responses: Vec<&str> = responses.iter().map(String::as_str).collect();
    let config = RemoteConfig { max_in_flight: 4, ..config(server.url()) };
    let expected: Vec<f64> = (0..25).map(f64::from).collect();
    assert_eq!(rewards(&scored(&config, &responses)), expected);
    assert_eq!(server.received().len(), 13);
}

#[test]
fn no_more_requests_are_under_way_than_allowed_even_for_two_callers() {
    let server = Server::start(|_, body| {
        thread::sleep(Duration::from_millis(20));
        numbers(body)
    });
    let source = RemoteConfig { max_in_flight: 3, ..config(server.url()) }.open().unwrap().unwrap();
    let queries = [RewardQuery { prompt: "n = ", response: "1", label: "" }; 24];
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(source.score(&queries).len(), 24));
        }
    });
    assert_eq!(server.received().len(), 24);
    assert!((2..=3).contains(&server.most_open()), "{} at once", server.most_open());
}

#[test]
fn no_queries_are_no_requests() {
    let server = Server::start(|_, body| numbers(body));
    assert_eq!(scored(&config(server.url()), &[]), []);
    assert_eq!(server.received().len(), 0);
}

#[test]
fn a_busy_server_is_asked_again() {
    for status in [503, 500, 429] {
        let server = Server::start(move |before, body| match before {
            0 | 1 => Answer::Status(status, "busy".to_owned()),
            _ => numbers(body),
        });
        assert_eq!(rewards(&scored(&config(server.url()), &["4", "5"])), [4.0, 5.0]);
        assert_eq!(server.received().len(), 3);
    }
}

#[test]
fn a_connection_that_breaks_is_tried_again() {
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"rewards\""] {
        let server = Server::start(move |before, body| match before {
            0 => Answer::Raw(start.into()),
            _ => numbers(body),
        });
        assert_eq!(rewards(&scored(&config(server.url()), &["4"])), [4.0], "{start:?}");
        assert_eq!(server.received().len(), 2);
    }
}

#[test]
fn a_server_that_stays_busy_is_given_up_with_its_status_and_words() {
    let (reason, requests) = reason(|_| {}, |_| Answer::Status(503, "the model is loading".to_owned()));
    assert_eq!(requests, 3);
    for part in ["503", "the model is loading", "given up after verify.remote.retries = 2"] {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn a_server_that_is_not_there_is_given_up() {
    // Bound and let go: nobody listens there now.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let scored = scored(&config(format!("http://{address}")), &["1"]);
    let reason = &scored[0].as_ref().unwrap_err().reason;
    assert!(reason.contains("no connection to the server at verify.remote.url"), "{reason}");
    assert!(reason.contains("given up"), "{reason}");
}

#[test]
fn a_silent_server_is_given_up_after_the_timeout() {
    let begun = Instant::now();
    let timeout = |config: &mut RemoteConfig| config.timeout_seconds = 0.15;
    let (reason, requests) = reason(timeout, |_| Answer::Silence);
    assert_eq!(requests, 3);
    assert!(reason.contains("no whole answer within 150ms (verify.remote.timeout_seconds)"), "{reason}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_answer_that_stops_half_way_runs_into_the_timeout_too() {
    let timeout = |config: &mut RemoteConfig| {
        config.timeout_seconds = 0.15;
        config.retries = 0;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let half = thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").unwrap();
        // Until the client hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let mut config = config(url);
    timeout(&mut config);
    let scored = scored(&config, &["1"]);
    assert!(scored[0].as_ref().unwrap_err().reason.contains("within 150ms"), "{scored:?}");
    half.join().unwrap();
}

#[test]
fn a_request_that_is_refused_is_not_repeated() {
    for status in [400, 404, 422] {
        let (reason, requests) =
            reason(|_| {}, move |_| Answer::Status(status, "{\"detail\": \"no\"}".to_owned()));
        assert_eq!(requests, 1, "{reason}");
        assert!(reason.contains(&format!("answered {status}")), "{reason}");
        assert!(reason.contains("{\"detail\": \"no\"}"), "{reason}");
    }
}

#[test]
fn a_redirect_is_reported_and_not_followed() {
    for status in [302, 307] {
        let (reason, requests) = reason(|_| {}, move |_| Answer::Status(status, String::new()));
        assert_eq!(requests, 1);
        assert!(reason.contains("to /elsewhere: set verify.remote.url to the final address"), "{reason}");
    }
}

#[test]
fn a_malformed_answer_is_final() {
    for (body, expected) in [
        ("<html>", "not JSON"),
        ("{}", "no field \"rewards\""),
        ("{\"rewards\": [1]}", "1 rewards for 2 queries"),
        ("{\"rewards\": [1, 2, 3]}", "3 rewards for 2 queries"),
    ] {
        let (reason, requests) = reason(|_| {}, move |_| Answer::ok(body));
        assert_eq!(requests, 1, "{reason}");
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn something_else_than_http_is_final() {
    let (reason, requests) = reason(|_| {}, |_| Answer::Raw(b"220 mail ready\r\n\r\n".to_vec()));
    assert_eq!(requests, 1, "{reason}");
    assert!(reason.contains("cannot be used"), "{reason}");
}

#[test]
fn https_to_a_server_without_it_is_final() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let plain = thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let scored = scored(&config(url), &["1"]);
    plain.join().unwrap();
    assert!(scored[0].as_ref().unwrap_err().reason.contains("is not sound"), "{scored:?}");
}

#[test]
fn an_endless_answer_is_cut_off() {
    let (reason, requests) =
        reason(|_| {}, |_| Answer::ok(" ".repeat(usize::try_from(BODY_LIMIT).unwrap() + 1)));
    assert_eq!(requests, 1, "{reason}");
    assert!(reason.contains("more than 67108864 bytes"), "{reason}");
}

#[test]
fn a_bad_reward_leaves_the_others_of_its_batch_alone() {
    let server = Server::start(|_, _| Answer::ok("{\"rewards\": [0.5, NaN]}"));
    let scored = scored(&config(server.url()), &["1", "2"]);
    assert_eq!(scored[0].as_ref().unwrap().reward, 0.5);
    assert!(scored[1].as_ref().unwrap_err().reason.contains("finite number"), "{scored:?}");
}

#[test]
fn one_failed_batch_leaves_the_others_alone() {
    let server = Server::start(|_, body| match body["query"][0].as_str() {
        Some("n = 3") => Answer::Status(400, String::new()),
        _ => numbers(body),
    });
    let scored = scored(&config(server.url()), &["1", "2", "3", "4", "5"]);
    assert_eq!(scored.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, false, true]);
}

#[test]
fn this_machine_is_not_reached_through_a_proxy() {
    for url in ["http://localhost:1/", "http://LOCALHOST", "http://127.0.0.1:5000", "http://[::1]:5000/x"] {
        assert!(is_loopback(url), "{url}");
    }
    for url in ["http://rewards:5000", "https://10.0.0.1/", "http://localhost.example.com"] {
        assert!(!is_loopback(url), "{url}");
    }
}
