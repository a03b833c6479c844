//! The names of a component's objects, keys and files.

/// Name of the ConfigMaps and volumes.
pub(crate) const NAME: &str = "trust-init";
/// Path of the custom CAs in every container.
pub(crate) const CUSTOM: &str = "/run/trust-init/custom-ca.crt";
/// The keys of the bundle and of the custom CAs.
pub(crate) const KEYS: [&str; 2] = ["ca-bundle.crt", "custom-ca.crt"];
/// The ConfigMaps that trust-manager creates, each with its key: those of `KEYS`.
pub(crate) const TARGETS: [(&str, &str); 2] = [(NAME, KEYS[0]), ("trust-init-custom", KEYS[1])];

/// The component's file that kustomize reads.
pub(crate) const KUSTOMIZATION: &str = "kustomization.yaml";
/// The file with the Bundles of trust-manager.
pub(crate) const BUNDLES: &str = "trust-manager.yaml";
/// The label of the namespaces in which trust-manager creates the ConfigMaps.
pub(crate) const LABEL: (&str, &str) = ("trust-init.org/trust", "true");
/// The annotation of a workload or its pods that sets its role.
pub(crate) const ROLE: &str = "trust-init.org/role";

/// Returns the name of the volume and ConfigMap of a set of files.
pub(crate) fn volume_name(number: usize) -> String {
    if number == 0 { NAME.to_owned() } else { format!("{NAME}-{}", number + 1) }
}

/// Whether this is the name of a component's volume or ConfigMap.
pub(crate) fn is_our_name(name: &str) -> bool {
    let number = name.strip_prefix(NAME).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}
