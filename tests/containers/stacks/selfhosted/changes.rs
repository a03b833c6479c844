//! Changes after a setup: of the CA, the containers, certifi, the image.

use super::{App, GPU};

#[test]
fn ca_with_a_new_key_and_two_more_starts() {
    let mut app = App::started();
    let before = app.state();
    app.sets_up(GPU);
    app.quickly(true);
    let containers = app.ids();

    app.types("../../scripts/generate-certs.sh gpu.lan --out gpu/certs/ --force").exits(0);
    app.types("docker compose -f gpu/docker-compose.yml restart").exits(0);
    app.eventually(false);
    app.types("../../scripts/setup.sh --check").exits(1);
    app.sets_up(GPU);
    assert_eq!(app.recreated(&containers), super::ASKERS);
    app.quickly(true);

    // As after a restart of the host, without another setup.
    for _ in 0..2 {
        app.compose("down").exits(0);
        assert!(app.ids().is_empty());
        app.compose("up -d").exits(0);
        app.quickly(true);
    }

    app.removes_setup(&before);
}

#[test]
fn certifi_upgraded_and_image_rebuilt() {
    let mut app = App::started();
    app.sets_up(GPU);
    // A wheel of the installed version, so that pip needs no index.
    let wheel = "cd $(python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))') && \
        name=$(basename certifi-*.dist-info .dist-info)-py3-none-any.whl && \
        python -m zipfile -c /tmp/$name certifi certifi-*.dist-info && \
        pip install --force-reinstall --no-index --no-deps /tmp/$name";
    app.compose(&format!("exec -T server sh -c '{}'", wheel.replace('\'', "'\\''")))
        .exits(0)
        .prints("Successfully installed certifi");
    app.quickly(true);
    app.compose("restart server").exits(0);
    app.quickly(true);

    let containers = app.ids();
    let mut source = std::fs::read_to_string(app.folder.0.join("server/clients.py")).unwrap();
    source.push_str("        print(\"rebuilt\")\n");
    app.folder.write("server/clients.py", source);
    app.rebuild("server");
    app.compose("up -d").exits(0);
    assert_eq!(app.recreated(&containers), ["server"]);
    app.asks("server", "requests").prints("requests: stand-in\nrebuilt");
    app.quickly(true);
}
