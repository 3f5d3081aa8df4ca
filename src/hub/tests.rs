//! Against a hub on this machine: what is fetched and from where, what is resumed and refused, and what is done without a
//! network.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use super::{
    DatasetName, HubSettings, ModelPart, RepoName, fetch_again, fetch_dataset, fetch_model,
    hub_server::{COMMIT, Fault, HubServer, Repository, Seen, etag},
    source_of,
};
use crate::storage::names_in;

struct Place {
    hub: HubServer,
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { hub: HubServer::start(), home: TempDir::new().unwrap() }
    }

    fn settings(&self, more: &[(&str, &str)]) -> HubSettings {
        settings(&self.hub.url(), self.home.path(), more)
    }

    /// Fetches `test/model`.
    fn fetch(&self, more: &[(&str, &str)]) -> Result<std::path::PathBuf, String> {
        self.fetch_named("test/model", ModelPart::Whole, more)
    }

    fn fetch_named(
        &self,
        name: &str,
        part: ModelPart,
        more: &[(&str, &str)],
    ) -> Result<std::path::PathBuf, String> {
        let name = RepoName::model(name).unwrap();
        fetch_model(&self.settings(more), &name, part).map_err(|error| format!("{error:#}"))
    }

    fn data(&self, name: &str, more: &[(&str, &str)]) -> Result<std::path::PathBuf, String> {
        let name = DatasetName::parse(name).unwrap();
        fetch_dataset(&self.settings(more), &name).map_err(|error| format!("{error:#}"))
    }

    fn blobs(&self) -> Vec<String> {
        names_in(&self.home.path().join("hub/models--test--model/blobs")).unwrap_or_default()
    }

    /// The GET requests for contents since this was last asked.
    fn contents(&self) -> Vec<Seen> {
        self.hub
            .take_seen()
            .into_iter()
            .filter(|seen| seen.method == "GET" && !seen.path.starts_with("/api"))
            .collect()
    }
}

fn settings(url: &str, home: &Path, more: &[(&str, &str)]) -> HubSettings {
    let home = home.to_str().unwrap();
    let own = [("HF_ENDPOINT", url), ("HF_HOME", home)];
    let look = |name: &str| {
        let all = more.iter().chain(&own);
        all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let settings = HubSettings::from_variables(&look, None, true).unwrap();
    HubSettings { patience: Duration::from_millis(1), timeout: Duration::from_secs(5), ..settings }
}

/// Weights as far as the hub is concerned.
fn weights() -> Vec<u8> {
    (0..400_000_u32).map(|number| (number.wrapping_mul(number) / 7) as u8).collect()
}

fn model() -> Repository {
    let weights = weights();
    let large: &[u8] = &weights;
    Repository::new(&[
        ("README.md", b"about"),
        ("config.json", b"{}"),
        ("tokenizer.json", b"{\"a\": 1}"),
        ("model.safetensors", large),
        ("pytorch_model.bin", b"pickle"),
        ("onnx/model.onnx", b"other"),
    ])
}

const OFFLINE: [(&str, &str); 1] = [("HF_HUB_OFFLINE", "1")];

#[test]
fn a_model_is_fetched_into_the_shared_cache_and_the_token_told_to_the_hub_alone() {
    let place = Place::new();
    let repository = Repository { guard: Some(("secret".into(), 401, "GatedRepo", "")), ..model() };
    place.hub.put("models/test/model", repository);
    let token = [("HF_TOKEN", "secret")];
    let dir = place.fetch(&token).unwrap();
    let root = place.home.path().join("hub/models--test--model");
    assert_eq!(dir, root.join("snapshots").join(COMMIT));
    assert_eq!(names_in(&dir).unwrap(), ["config.json", "model.safetensors", "tokenizer.json"]);
    assert_eq!(fs::read(dir.join("model.safetensors")).unwrap(), weights());
    assert_eq!(fs::read_to_string(root.join("refs/main")).unwrap(), COMMIT);
    let mut expected = [
        etag("config.json", b"{}"),
        etag("tokenizer.json", b"{\"a\": 1}"),
        etag("model.safetensors", &weights()),
    ];
    expected.sort();
    assert_eq!(place.blobs(), expected);
    #[cfg(unix)]
    assert_eq!(
        fs::read_link(dir.join("config.json")).unwrap(),
        Path::new("../../blobs").join(etag("config.json", b"{}"))
    );
    let seen = place.hub.take_seen();
    let of_host = |host: &str| seen.iter().filter(|seen| seen.host == host).cloned().collect::<Vec<_>>();
    assert!(of_host("hub").iter().all(|seen| seen.authorization.as_deref() == Some("Bearer secret")));
    assert_eq!(of_host("other").len(), 1);
    assert!(of_host("other").iter().all(|seen| seen.authorization.is_none()));
    // What is there is not fetched again; a commit is not even asked for.
    place.fetch(&token).unwrap();
    let asked = place.hub.take_seen();
    assert!(
        asked.len() == 1 && asked[0].path.starts_with("/api/models/test/model/revision/main"),
        "{asked:?}"
    );
    assert_eq!(place.fetch_named(&format!("test/model@{COMMIT}"), ModelPart::Whole, &[]).unwrap(), dir);
    assert_eq!(place.hub.take_seen(), []);
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    let cuts = [0, 1, 70_000, 0, 200_001];
    place.hub.spoil("model.safetensors", &cuts.map(Fault::CutAfter));
    let dir = place.fetch(&[]).unwrap();
    assert_eq!(fs::read(dir.join("model.safetensors")).unwrap(), weights());
    let ranges: Vec<_> =
        place.contents().into_iter().filter(|seen| seen.host == "other").map(|seen| seen.range).collect();
    let from = |byte: &str| Some(format!("bytes={byte}-"));
    assert_eq!(ranges, [None, None, from("1"), from("70001"), from("70001"), from("270002")]);
}

#[test]
fn what_a_killed_process_left_is_gone_on_with() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    let blobs = place.home.path().join("hub/models--test--model/blobs");
    fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.incomplete", etag("model.safetensors", &weights())));
    fs::write(&part, &weights()[..123_456]).unwrap();
    let dir = place.fetch(&[]).unwrap();
    assert_eq!(fs::read(dir.join("model.safetensors")).unwrap(), weights());
    let ranges: Vec<_> = place.contents().into_iter().filter_map(|seen| seen.range).collect();
    assert_eq!(ranges, ["bytes=123456-", "bytes=123456-"], "asked of the hub, then of the other host");
    assert!(!part.exists());
}

#[test]
fn a_server_that_sends_all_is_taken_at_its_word() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    place.hub.spoil("model.safetensors", &[Fault::CutAfter(1000), Fault::Whole]);
    let dir = place.fetch(&[]).unwrap();
    assert_eq!(fs::read(dir.join("model.safetensors")).unwrap(), weights());
}

#[test]
fn a_wrong_hash_is_refused_and_what_came_is_removed() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    for file in ["model.safetensors", "config.json"] {
        place.hub.spoil(file, &[Fault::Damaged]);
        let error = place.fetch(&[]).unwrap_err();
        assert!(
            error.contains(file) && error.contains("has the hash") && error.contains("removed"),
            "{error}"
        );
        let content = if file == "config.json" { b"{}".to_vec() } else { weights() };
        let left = place.blobs().into_iter().filter(|name| name.starts_with(&etag(file, &content))).count();
        assert_eq!(left, 0);
        assert!(
            !place.home.path().join("hub/models--test--model/snapshots").join(COMMIT).join(file).exists()
        );
        if file == "model.safetensors" {
            place.fetch(&[]).unwrap();
            fs::remove_dir_all(place.home.path().join("hub")).unwrap();
        }
    }
    // The damaged part of an earlier attempt is found out, too.
    let blobs = place.home.path().join("hub/models--test--model/blobs");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(blobs.join(format!("{}.incomplete", etag("model.safetensors", &weights()))), [9; 500]).unwrap();
    assert!(place.fetch(&[]).unwrap_err().contains("has the hash"));
    place.fetch(&[]).unwrap();
}

#[test]
fn a_refusal_says_what_to_do() {
    let place = Place::new();
    let guarded = |status, code, message| Repository {
        guard: Some(("right".into(), status, code, message)),
        ..model()
    };
    let with = [("HF_TOKEN", "wrong")];
    for (repository, variables, named) in [
        (guarded(401, "GatedRepo", ""), &[][..], "/test/model, make a token"),
        (guarded(403, "GatedRepo", ""), &with[..], "the account of your token may not read it"),
        (guarded(401, "RepoNotFound", "Repository not found"), &[], "set HF_TOKEN to a token"),
        (guarded(404, "RepoNotFound", "Repository not found"), &with[..], "the account of your token"),
        (
            guarded(401, "", "Invalid credentials in Authorization header"),
            &with[..],
            "does not accept the token",
        ),
        (guarded(403, "DisabledRepo", ""), &[], "disabled"),
        (guarded(418, "", "a teapot"), &[], "418: a teapot"),
    ] {
        place.hub.put("models/test/model", repository);
        let error = place.fetch(variables).unwrap_err();
        assert!(error.starts_with("test/model: ") && error.contains(named), "{named}: {error}");
    }
    place.hub.put("models/test/model", model());
    let error = place.fetch_named("test/model@v9", ModelPart::Whole, &[]).unwrap_err();
    assert!(error.contains("no revision \"v9\""), "{error}");
    let error = place.fetch_named("test/other", ModelPart::Whole, &[]).unwrap_err();
    assert!(error.contains("has no model test/other (404)"), "{error}");
}

#[test]
fn only_safetensors_are_taken() {
    let place = Place::new();
    let files: [(&str, &[u8]); 2] = [("config.json", b"{}"), ("pytorch_model.bin", b"pickle")];
    place.hub.put("models/test/model", Repository::new(&files));
    let error = place.fetch(&[]).unwrap_err();
    assert!(error.contains("pytorch_model.bin") && error.contains("only safetensors"), "{error}");
    assert_eq!(place.contents(), []);
    place.hub.put("models/test/model", Repository::new(&[("x.gguf", b"g")]));
    assert!(place.fetch(&[]).unwrap_err().contains("is no model"));
}

#[test]
fn shards_are_those_that_the_index_names() {
    let place = Place::new();
    let index = json!({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}).to_string();
    let files: [(&str, &[u8]); 6] = [
        ("config.json", b"{}"),
        ("tokenizer.json", b"{}"),
        ("model.safetensors.index.json", index.as_bytes()),
        ("m-1.safetensors", b"one"),
        ("m-2.safetensors", b"two"),
        ("consolidated.safetensors", b"again"),
    ];
    place.hub.put("models/test/model", Repository::new(&files));
    // A description is enough for a plan; it is no model without a network.
    let dir = place.fetch_named("test/model", ModelPart::Description, &[]).unwrap();
    assert_eq!(names_in(&dir).unwrap(), ["config.json", "tokenizer.json"]);
    assert!(place.fetch(&OFFLINE).unwrap_err().contains("there are no weights"));
    place.fetch(&[]).unwrap();
    assert_eq!(
        names_in(&dir).unwrap(),
        [
            "config.json",
            "m-1.safetensors",
            "m-2.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json"
        ]
    );
    fs::remove_file(dir.join("m-2.safetensors")).unwrap();
    assert!(place.fetch(&OFFLINE).unwrap_err().contains("there is no m-2.safetensors"));
    place.hub.put("models/test/model", Repository::new(&files[..4]));
    assert!(place.fetch(&[]).unwrap_err().contains("names m-2.safetensors"));
}

#[test]
fn without_a_network_there_is_what_the_cache_has() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    let error = place.fetch(&OFFLINE).unwrap_err();
    assert!(error.contains("no copy of main") && error.contains("HF_HUB_OFFLINE=1 forbids"), "{error}");
    let dir = place.fetch(&[]).unwrap();
    place.hub.take_seen();
    assert_eq!(place.fetch(&OFFLINE).unwrap(), dir);
    assert_eq!(place.hub.take_seen(), []);
    // No connection, or a server that only fails: the copy is used where there is one.
    let nowhere = [("HF_ENDPOINT", "http://127.0.0.1:9")];
    assert_eq!(place.fetch(&nowhere).unwrap(), dir);
    place.hub.spoil("revision/main", &[(); 5].map(|()| Fault::Status(503, "")));
    assert_eq!(place.fetch(&[]).unwrap(), dir);
    let other = RepoName::model("test/other").unwrap();
    let error = fetch_model(&place.settings(&nowhere), &other, ModelPart::Whole).unwrap_err().to_string();
    assert!(
        error.contains("no connection to http://127.0.0.1:9") && error.contains("HF_HUB_OFFLINE=1"),
        "{error}"
    );
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    place.hub.spoil("revision/main", &[Fault::Status(500, ""), Fault::Status(429, "retry-after: 1")]);
    place.hub.spoil(
        "model.safetensors",
        &[Fault::Status(429, "ratelimit: \"api\";r=0;t=1"), Fault::Status(502, "")],
    );
    let started = Instant::now();
    place.fetch(&[]).unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    place.hub.spoil("revision/main", &[Fault::Status(429, "retry-after: 4000")]);
    let name = RepoName::model("test/model").unwrap();
    let elsewhere = settings(&place.hub.url(), &place.home.path().join("x"), &[]);
    let error = fetch_model(&elsewhere, &name, ModelPart::Whole).unwrap_err().to_string();
    assert!(error.contains("asks to wait 4000 s"), "{error}");
}

#[test]
fn two_at_once_fetch_each_content_once() {
    let place = Place::new();
    place.hub.put("models/test/model", model());
    place.hub.spoil("model.safetensors", &[Fault::Late(Duration::from_millis(300))]);
    thread::scope(|scope| {
        let fetching: Vec<_> = (0..3).map(|_| scope.spawn(|| place.fetch(&[]))).collect();
        fetching.into_iter().for_each(|fetching| _ = fetching.join().unwrap().unwrap());
    });
    let seen = place.contents();
    assert_eq!(seen.iter().filter(|seen| seen.host == "other").count(), 1, "{seen:?}");
    assert_eq!(place.blobs().len(), 3);
}

#[test]
fn a_part_of_a_data_set_is_a_file_or_a_pattern() {
    let place = Place::new();
    let files: [(&str, &[u8]); 5] = [
        ("README.md", b""),
        ("main/train-00000-of-00002.parquet", b"1"),
        ("main/train-00001-of-00002.parquet", b"2"),
        ("main/test-00000-of-00001.parquet", b"3"),
        ("extra/test.jsonl", b"4"),
    ];
    let card = json!({"configs": [
        {"config_name": "main", "data_files": [{"split": "train", "path": "main/train-*"}, {"split": "test", "path": "main/test-*"}]},
        {"config_name": "extra", "data_files": [{"split": "test", "path": "extra/*"}]},
    ]});
    place.hub.put("datasets/test/data", Repository { card, ..Repository::new(&files) });
    let dir = place.home.path().join("hub/datasets--test--data/snapshots").join(COMMIT);
    assert_eq!(place.data("test/data:main/test", &[]).unwrap(), dir.join("main/test-00000-of-00001.parquet"));
    let train = dir.join("main/train-0000*-of-00002.parquet");
    assert_eq!(place.data("test/data:main/train", &[]).unwrap(), train);
    assert_eq!(crate::data::data_files(&train).unwrap().len(), 2);
    let error = place.data("test/data", &[]).unwrap_err();
    assert!(error.contains("several parts") && error.contains("\n  test/data:extra/test"), "{error}");
    // Without a network, and after the cache is gone.
    assert_eq!(place.data("test/data:main/train", &OFFLINE).unwrap(), train);
    assert!(
        place.data("test/data:extra/test", &OFFLINE).unwrap_err().contains("it has main/test, main/train")
    );
    fs::remove_file(dir.join("main/train-00001-of-00002.parquet")).unwrap();
    assert!(place.data("test/data:main/train", &OFFLINE).unwrap_err().contains("1 of 2 files"));
    fs::remove_dir_all(place.home.path().join("hub")).unwrap();
    let source = source_of(&train).unwrap();
    assert_eq!(fetch_again(&place.settings(&[]), &source).unwrap(), train);
    assert_eq!(crate::data::data_files(&train).unwrap().len(), 2);
    assert!(fetch_again(&place.settings(&OFFLINE), &source_of(&dir.join("gone.jsonl")).unwrap()).is_err());
    place.hub.put("datasets/test/data", Repository::new(&[("a.csv", b"1"), ("load.py", b"")]));
    assert!(place.data("test/data", &[]).unwrap_err().contains("refs/convert/parquet"));
}
