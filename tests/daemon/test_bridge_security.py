import pytest

from faceplate.bridge.broker.security import password_of, tls_of, warn_of_plain_text
from faceplate.config import BridgeConfig, TlsConfig
from faceplate.errors import BridgeError


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "mqtt.password"
    path.write_text("s3cret word\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_password_is_read_without_the_end_of_its_line(password_file):
    assert password_of(BridgeConfig(username="door", password_file=password_file)) == "s3cret word"


def test_no_password_is_fine():
    assert password_of(BridgeConfig()) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_password_open_to_others_is_refused(password_file, mode):
    password_file.chmod(mode)
    with pytest.raises(BridgeError, match=f"mode 0{mode:o}.*chmod 600") as refusal:
        password_of(BridgeConfig(username="door", password_file=password_file))
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_an_empty_or_unreadable_password_is_refused(password_file, content):
    password_file.write_bytes(content)
    with pytest.raises(BridgeError, match="password_file"):
        password_of(BridgeConfig(username="door", password_file=password_file))


def test_a_password_without_a_username_is_refused(password_file):
    with pytest.raises(BridgeError, match=r"bridge\.username is not"):
        password_of(BridgeConfig(password_file=password_file))


@pytest.fixture
def credential(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    path = folder / "mqtt.password"
    path.write_text("from systemd\n", encoding="utf-8")
    path.chmod(0o440)  # systemd guards it, and may well say so
    return path


def test_a_systemd_credential_goes_before_the_file(password_file, credential):
    assert password_of(BridgeConfig(username="door", password_file=password_file)) == "from systemd"
    assert password_of(BridgeConfig(username="door")) == "from systemd"
    credential.unlink()
    assert password_of(BridgeConfig(username="door", password_file=password_file)) == "s3cret word"
    assert password_of(BridgeConfig(username="door")) is None


@pytest.mark.usefixtures("credential")
def test_a_credential_without_a_username_is_refused():
    with pytest.raises(BridgeError, match=r"mqtt\.password is set and bridge\.username is not"):
        password_of(BridgeConfig())


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_an_empty_or_unreadable_credential_is_refused(credential, password_file, content):
    credential.chmod(0o600)
    credential.write_bytes(content)
    with pytest.raises(BridgeError, match=r"the systemd credential mqtt\.password"):
        password_of(BridgeConfig(username="door", password_file=password_file))


@pytest.mark.usefixtures("credential")
def test_a_credentials_password_in_plain_text_is_warned_of(caplog):
    warn_of_plain_text(BridgeConfig(host="localhost", tls=TlsConfig(enabled=False), username="door"))
    assert "the password goes to localhost in plain text" in caplog.text


def test_a_certificate_that_is_none_is_refused(password_file):
    with pytest.raises(BridgeError, match=r"bridge\.tls cannot be used"):
        tls_of(TlsConfig(ca_file=password_file))


def test_tls_checks_the_brokers_name():
    context = tls_of(TlsConfig())
    assert context is not None
    assert context.check_hostname
    assert tls_of(TlsConfig(enabled=False)) is None


@pytest.mark.parametrize(
    ("host", "tls", "said"),
    [
        ("localhost", False, ["the password"]),
        ("127.0.0.1", False, ["the password"]),
        ("::1", False, ["the password"]),
        ("192.168.1.2", False, ["the password", "all events"]),
        ("broker.lan", False, ["the password", "all events"]),
        ("broker.lan", True, []),
    ],
)
def test_plain_text_is_warned_of(host, tls, said, password_file, caplog):
    config = BridgeConfig(host=host, tls=TlsConfig(enabled=tls), username="door", password_file=password_file)
    warn_of_plain_text(config)
    assert len(caplog.messages) == len(said)
    assert all(words in message for words, message in zip(said, caplog.messages, strict=True))


def test_plain_text_on_this_machine_without_a_password_is_fine(caplog):
    warn_of_plain_text(BridgeConfig(host="localhost", tls=TlsConfig(enabled=False)))
    assert caplog.messages == []
