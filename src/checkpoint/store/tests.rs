use super::*;
use crate::error::is_input_error;

fn listed(dir: &Path) -> Vec<String> {
    names_in(dir).unwrap()
}

fn save(store: &CheckpointStore, step: u64) {
    store.save(step, |dir| Ok(fs::write(dir.join("state"), step.to_string())?)).unwrap();
}

/// The step that a run would go on from, and all remarks in one text.
fn chosen(store: &CheckpointStore) -> (u64, String) {
    let ChosenCheckpoint { step, path, remarks } = store.latest().unwrap().unwrap();
    assert_eq!(fs::read_to_string(path.join("state")).unwrap(), step.to_string());
    (step, remarks.join("; "))
}

#[test]
fn the_last_written_are_kept_and_latest_names_the_last() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().join("checkpoints"), 2);
    assert_eq!(store.latest().unwrap(), None);
    [5, 10, 15].into_iter().for_each(|step| save(&store, step));
    assert_eq!(listed(&root.path().join("checkpoints")), ["latest", "step-000010", "step-000015"]);
    assert_eq!(chosen(&store), (15, String::new()));
}

#[test]
fn what_was_just_saved_stays_though_its_step_is_not_the_highest() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 3);
    [10, 20, 30].into_iter().for_each(|step| save(&store, step));
    fs::write(root.path().join("latest"), "step-000020").unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 1);
    let (step, remarks) = chosen(&store);
    assert!(
        step == 20 && remarks == "latest names step-000020, though step-000030 was written later",
        "{remarks}"
    );
    save(&store, 24);
    assert_eq!(listed(root.path()), ["latest", "step-000024"]);
    assert_eq!(chosen(&store), (24, String::new()));
}

#[test]
fn steps_count_in_the_order_of_their_writing_not_of_their_numbers_or_times() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 3);
    [10, 20, 30, 12].into_iter().for_each(|step| save(&store, step));
    assert_eq!(listed(root.path()), ["latest", "step-000012", "step-000020", "step-000030"]);
    save(&store, 14);
    assert_eq!(listed(root.path()), ["latest", "step-000012", "step-000014", "step-000030"]);
    fs::remove_file(root.path().join("latest")).unwrap();
    let (step, remarks) = chosen(&store);
    assert!(step == 14 && remarks == "latest is missing", "{step} {remarks}");
}

#[test]
fn a_protected_one_is_never_pruned() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 1);
    assert_eq!(store.protected(), None);
    save(&store, 1);
    store.protect(1).unwrap();
    [2, 3].into_iter().for_each(|step| save(&store, step));
    assert_eq!(listed(root.path()), ["latest", "protected", "step-000001", "step-000003"]);
    assert_eq!(store.protected().unwrap(), "step-000001");
    store.protect(3).unwrap();
    assert_eq!(listed(root.path()), ["latest", "protected", "step-000003"]);
    save(&store, 4);
    assert_eq!(listed(root.path()), ["latest", "protected", "step-000003", "step-000004"]);
}

#[test]
fn a_failed_save_leaves_the_last_one_and_nothing_of_itself() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    save(&store, 1);
    for step in [1, 2] {
        let full = |dir: &Path| -> Result<()> {
            fs::write(dir.join("state"), "half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull)).context("writing model.safetensors")
        };
        let error = format!("{:#}", store.save(step, full).unwrap_err());
        assert!(
            error.starts_with(&format!("step-{step:06} is not saved (the last checkpoint takes 1 bytes; ")),
            "{error}"
        );
        assert!(error.contains("are free") && error.contains("writing model.safetensors"), "{error}");
        assert_eq!(listed(root.path()), ["latest", "step-000001"]);
        assert_eq!(chosen(&store), (1, String::new()));
    }
    save(&store, 2);
    assert_eq!(listed(root.path()), ["latest", "step-000001", "step-000002"]);
}

#[test]
fn a_step_that_is_saved_again_replaces_itself() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    save(&store, 1);
    store
        .save(1, |dir| {
            assert!(root.path().join("step-000001/state").exists(), "the old one is there meanwhile");
            Ok(fs::write(dir.join("state"), "1")?)
        })
        .unwrap();
    assert_eq!(listed(root.path()), ["latest", "step-000001"]);
    assert_eq!(chosen(&store), (1, String::new()));
}

#[test]
fn a_damaged_one_is_passed_over_named_and_goes_once_there_is_a_newer_one() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    [1, 2].into_iter().for_each(|step| save(&store, step));
    fs::write(root.path().join("step-000002/state"), "3").unwrap();
    let (step, remarks) = chosen(&store);
    assert!(step == 1 && remarks.starts_with("step-000002 is passed over: state has changed"), "{remarks}");
    assert_eq!(listed(root.path()), ["latest", "step-000001", "step-000002"], "nothing goes before");
    save(&store, 3);
    assert_eq!(listed(root.path()), ["latest", "step-000001", "step-000003"]);
}

#[test]
fn a_damaged_one_that_is_saved_again_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    [1, 2].into_iter().for_each(|step| save(&store, step));
    fs::remove_file(root.path().join("step-000002/state")).unwrap();
    assert_eq!(chosen(&store).0, 1);
    save(&store, 2);
    assert_eq!(listed(root.path()), ["latest", "step-000001", "step-000002"]);
    assert_eq!(chosen(&store), (2, String::new()));
}

#[test]
fn without_an_intact_one_the_run_is_refused_and_each_is_named() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    [1, 2].into_iter().for_each(|step| save(&store, step));
    fs::write(root.path().join("step-000001/state"), "").unwrap();
    fs::write(root.path().join("step-000002/trainer/checksums.json"), "").unwrap();
    let error = store.latest().unwrap_err();
    assert!(is_input_error(&error));
    let message = error.to_string();
    for named in ["step-000001", "state has 0 bytes", "step-000002", "checksums.json", "restore one"] {
        assert!(message.contains(named), "{message}");
    }
    assert!(!message.contains("fetch"), "{message}");
}

#[test]
fn a_latest_that_leads_nowhere_is_said_and_the_newest_is_used() {
    let root = tempfile::tempdir().unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    fs::write(root.path().join("latest"), "step-000009").unwrap();
    assert!(is_input_error(&store.latest().unwrap_err()), "there is none at all");
    [1, 2].into_iter().for_each(|step| save(&store, step));
    for pointer in ["step-000009", "", "ste", "../step-000001", "\u{fffd}"] {
        fs::write(root.path().join("latest"), pointer).unwrap();
        let (step, remarks) = chosen(&store);
        assert!(step == 2 && remarks.contains(&format!("{pointer:?}")), "{pointer}: {step}, {remarks}");
    }
}

#[test]
fn one_of_before_checksums_is_used_and_said() {
    let root = tempfile::tempdir().unwrap();
    let old = root.path().join("step-000004");
    fs::create_dir(&old).unwrap();
    let weights = old.join("model.safetensors");
    let none = Vec::<(&str, safetensors::tensor::TensorView<'_>)>::new();
    crate::model::weights::write_safetensors(none, None, &weights).unwrap();
    fs::write(old.join("state"), "4").unwrap();
    let store = CheckpointStore::new(root.path().to_owned(), 2);
    let (step, remarks) = chosen(&store);
    assert!(step == 4 && remarks.contains("step-000004 has no trainer/checksums.json"), "{remarks}");
    [2, 3].into_iter().for_each(|step| save(&store, step));
    assert_eq!(listed(root.path()), ["latest", "step-000002", "step-000003"], "it is the oldest");
}
