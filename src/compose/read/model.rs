use super::super::project::*;
use std::path::{Path, PathBuf};
pub struct Error;
crate::report::error_of_words!(Error);
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stub")
    }
}
pub fn project(text: &[u8], reading: Reading, _: &Path) -> Result<Project, Error> {
    let v: serde_yaml::Value = serde_yaml::from_slice(text).map_err(|_| Error)?;
    let mut p = Project {
        name: v.get("name").and_then(|n| n.as_str()).map(str::to_owned),
        reading,
        ..Project::default()
    };
    for (n, s) in v.get("services").and_then(|s| s.as_mapping()).into_iter().flatten() {
        let st = |k: &str| s.get(k).and_then(|x| x.as_str()).map(str::to_owned);
        let mut o = Service { image: st("image"), user: st("user"), ..Service::default() };
        if let Some(b) = s.get("build") {
            o.build = Some(Build {
                context: b.get("context").and_then(|c| c.as_str()).map(PathBuf::from),
                dockerfile: b.get("dockerfile").and_then(|c| c.as_str()).map(str::to_owned),
                ..Build::default()
            });
        }
        for (k, val) in s.get("environment").and_then(|e| e.as_mapping()).into_iter().flatten() {
            o.environment.insert(
                k.as_str().unwrap_or_default().into(),
                match val.as_str() {
                    Some(x) => Setting::Value(x.replace("$$", "$")),
                    None => Setting::Unset,
                },
            );
        }
        for m in s.get("volumes").and_then(|e| e.as_sequence()).into_iter().flatten() {
            let g = |k: &str| m.get(k).and_then(|x| x.as_str()).map(str::to_owned);
            let kind = match g("type").as_deref() {
                Some("bind") => MountKind::Bind(g("source").unwrap_or_default().into()),
                Some("volume") => MountKind::Volume(g("source")),
                _ => MountKind::Unknown,
            };
            o.mounts.push(Mount {
                kind,
                target: g("target").unwrap_or_default(),
                read_only: false,
            });
        }
        for pr in s.get("profiles").and_then(|e| e.as_sequence()).into_iter().flatten() {
            o.profiles.extend(pr.as_str().map(str::to_owned));
        }
        for (k, _) in s.get("depends_on").and_then(|e| e.as_mapping()).into_iter().flatten() {
            o.depends_on.extend(k.as_str().map(str::to_owned));
        }
        o.role = s
            .get("x-trust-init")
            .and_then(|x| x.get("role"))
            .and_then(|x| x.as_str())
            .map(str::to_owned);
        p.services.insert(n.as_str().unwrap_or_default().into(), o);
    }
    Ok(p)
}
