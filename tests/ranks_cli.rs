//! One run shared by several processes: the same weights as by one, and an orderly end when one is lost.

// Of what the tests share only this: it needs no library, so that this program is built in seconds.
#[allow(dead_code)]
#[path = "common/command.rs"]
mod command;
#[path = "ranks_cli/processes.rs"]
mod processes;
#[cfg(unix)]
#[path = "ranks_cli/silence.rs"]
mod silence;
#[path = "ranks_cli/strangers.rs"]
mod strangers;

use std::{fs, path::Path};

use command::{refused, rows, spark, train};
use processes::{all, ended, stderr, steps_are_taken};
use safetensors::SafeTensors;
use tempfile::TempDir;

fn weights(run: &Path) -> Vec<f32> {
    let bytes = fs::read(run.join("final/model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<&str> = tensors.names().into_iter().collect();
    names.sort_unstable();
    let floats =
        names.iter().flat_map(|name| tensors.tensor(name).unwrap().data().as_chunks::<4>().0.to_vec());
    floats.map(f32::from_le_bytes).collect()
}

#[test]
fn two_processes_give_the_weights_of_one() {
    let root = TempDir::new().unwrap();
    let (alone, together) = (root.path().join("alone"), root.path().join("together"));
    // So that a step is in proportion to the gradient, and rounding is not blown up to a learning rate.
    let settings = ["train.adamw.epsilon=0.001", "eval.every=2", "eval.samples=3"];
    train(&alone).args(settings.iter().flat_map(|setting| ["--set", setting])).assert().success();
    let [first, second] = ended(all(&together, &settings));
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(second.stdout.is_empty(), "only rank 0 speaks");

    let (one, two) = (weights(&alone), weights(&together));
    let largest = one.iter().zip(&two).map(|(one, two)| (one - two).abs()).fold(0.0, f32::max);
    assert!(one.len() == two.len() && largest < 1e-6, "{largest}");
    let metrics = |run: &Path, key: &str| -> Vec<f64> {
        rows(&run.join("metrics.jsonl")).iter().map(|row| row[key].as_f64().unwrap()).collect()
    };
    for key in ["loss", "grad_norm", "entropy", "rollout_logprob_gap", "reason/reward", "recycled_queue"] {
        for (one, two) in metrics(&alone, key).into_iter().zip(metrics(&together, key)) {
            assert!((one - two).abs() < 1e-5, "{key}: {one} {two}");
        }
    }
    assert_eq!(metrics(&alone, "tokens"), metrics(&together, "tokens"));
    let evaluated = |run: &Path| -> Vec<f64> {
        let row = &rows(&run.join("metrics.jsonl"))[1];
        ["eval/pass@1", "eval/pass@3", "eval/reasoning_accuracy"]
            .map(|key| row[key].as_f64().unwrap())
            .to_vec()
    };
    assert_eq!(evaluated(&alone), evaluated(&together), "all ranks take part in an evaluation");
    assert!(together.join("best/model.safetensors").exists());
    assert_eq!(rows(&together.join("rollouts.jsonl")).len(), rows(&alone.join("rollouts.jsonl")).len());
}

/// A server of ours on the model that the runs start from, until it is dropped.
struct Serving(std::process::Child, String);

impl Serving {
    fn begin() -> Self {
        let port = processes::free_port();
        let addr = format!("127.0.0.1:{port}");
        let mut command = std::process::Command::new(spark().get_program());
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "serve",
            "--model",
            "models/tiny-vl",
            "--addr",
            &addr,
        ]);
        let child = command.env("SPARK_BACKEND", "flex").stderr(std::process::Stdio::null()).spawn().unwrap();
        while std::net::TcpStream::connect(&addr).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self(child, format!("http://{addr}"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn two_processes_that_share_a_server_have_the_samples_of_one_without() {
    let root = TempDir::new().unwrap();
    let (alone, together, published) =
        (root.path().join("alone"), root.path().join("together"), root.path().join("weights"));
    fs::create_dir(&published).unwrap();
    train(&alone).assert().success();
    let server = Serving::begin();
    let settings = [
        "rollout.engine=\"spark\"".to_owned(),
        format!("rollout.servers=[\"{}\"]", server.1),
        format!("rollout.weights_dir={published:?}"),
    ];
    let [first, second] = ended(all(&together, &settings.each_ref().map(String::as_str)));
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(second.status.success(), "{}", stderr(&second));
    let sampled = |run: &Path| -> Vec<_> {
        let rows = rows(&run.join("rollouts.jsonl"));
        rows.iter().map(|row| ["step", "problem", "completion"].map(|name| row[name].clone())).collect()
    };
    assert_eq!(sampled(&together), sampled(&alone));
    assert_eq!(fs::read_dir(&published).unwrap().count(), 0, "one of them removes what it wrote");
}

#[test]
fn who_loses_a_peer_saves_and_says_so() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let settings = ["train.steps=1000", "checkpoint.every=1000"];
    let [first, mut second] = all(&run, &settings);
    steps_are_taken(&run, 2);
    second.kill().unwrap();
    second.wait().unwrap();
    let first = first.wait_with_output().unwrap();
    let said = stderr(&first);
    assert_eq!(first.status.code(), Some(1));
    assert!(said.contains("rank 1 at 127.0.0.1:") && said.contains("closed the connection"), "{said}");
    assert!(said.contains("--resume"), "{said}");

    let step = rows(&run.join("metrics.jsonl")).len();
    assert!(run.join(format!("checkpoints/step-{step:06}/model.safetensors")).exists(), "{said}");
    let steps = format!("train.steps={}", step + 1);
    let resumed = train(&run).args(["--resume", "--set", &steps]).output().unwrap();
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(rows(&run.join("metrics.jsonl")).len(), step + 1);
}

#[test]
fn who_is_gone_is_named_by_all_who_are_left() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let [mut first, second, third] = all(&run, &["train.steps=1000", "checkpoint.every=1000"]);
    steps_are_taken(&run, 1);
    first.kill().unwrap();
    first.wait().unwrap();
    for left in ended([second, third]) {
        let said = stderr(&left);
        assert_eq!(left.status.code(), Some(1));
        assert!(said.contains("rank 0 at 127.0.0.1:") && said.contains("closed the connection"), "{said}");
    }
    let run = root.path().join("again");
    let [first, second, mut third] = all(&run, &["train.steps=1000", "checkpoint.every=1000"]);
    steps_are_taken(&run, 1);
    third.kill().unwrap();
    third.wait().unwrap();
    for left in ended([first, second]) {
        let said = stderr(&left);
        assert_eq!(left.status.code(), Some(1));
        assert!(said.contains("rank 2 at 127.0.0.1:") && said.contains("closed the connection"), "{said}");
    }
}

#[test]
fn ranks_need_a_directory_they_agree_on() {
    let mut command = spark();
    command.args(["train", "--recipe", "recipes/digits.toml"]).env("WORLD_SIZE", "2").env("RANK", "0");
    refused(&mut command, &["WORLD_SIZE=2", "--out"]);
    let mut command = spark();
    refused(command.arg("train").env("WORLD_SIZE", "2"), &["RANK is not set"]);
}
