//! What a component calls its objects, keys and files: for the modules that write them and for those that
//! recognise them in manifests.

/// The name of the ConfigMaps and the volumes.
pub(crate) const NAME: &str = "trust-init";
/// Path of the custom CAs in every container.
pub(crate) const CUSTOM: &str = "/run/trust-init/custom-ca.crt";
/// The key of the bundle, and of the custom CAs.
pub(crate) const KEYS: [&str; 2] = ["ca-bundle.crt", "custom-ca.crt"];
/// The ConfigMaps that trust-manager keeps, and the key in each: those of `KEYS`.
pub(crate) const TARGETS: [(&str, &str); 2] = [(NAME, KEYS[0]), ("trust-init-custom", KEYS[1])];

/// The file that kustomize reads.
pub(crate) const KUSTOMIZATION: &str = "kustomization.yaml";
/// The Bundles of trust-manager, beside it.
pub(crate) const BUNDLES: &str = "trust-manager.yaml";
/// The label of the namespaces in which trust-manager keeps the ConfigMaps.
pub(crate) const LABEL: (&str, &str) = ("trust-init.org/trust", "true");
/// The annotation of a workload, or of its pods, that decides about it.
pub(crate) const ROLE: &str = "trust-init.org/role";

/// The name of the volume and the ConfigMap of one set of files.
pub(crate) fn volume_name(number: usize) -> String {
    if number == 0 { NAME.to_owned() } else { format!("{NAME}-{}", number + 1) }
}

/// Whether a volume's or a ConfigMap's name is one of ours.
pub(crate) fn is_our_name(name: &str) -> bool {
    let number = name.strip_prefix(NAME).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}
