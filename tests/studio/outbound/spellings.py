"""Ways to write an address that must not be reached; `{port}` is where a listener waits on loopback."""

from __future__ import annotations

HOSTS = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0x7f.1 0177.0.0.1 017700000001 127.0.0.01
127.000.000.001 0 0.0.0.0 00000 127.0.0.1. localhost LOCALHOST localhost. localhost.localdomain ip6-localhost
[::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1]
[64:ff9b:1::7f00:1] [2002:7f00:1::] [2001::80ff:fffe] [fe80::1] [fe80::1%25lo] [fe80::1%lo] [fc00::1]
[fd00:ec2::254] [fec0::1] [ff02::1] [::ffff:0:127.0.0.1] [5f00::1] [100::1] 169.254.169.254 2852039166
0xa9fea9fe 169.254.43518 [::ffff:a9fe:a9fe] 100.100.100.200 100.64.0.1 192.0.0.192 168.63.129.16 198.18.0.1
192.88.99.1 224.0.0.1 255.255.255.255 127。0。0。1 \uff11\uff12\uff17.0.0.1 ①②⑦.⓪.⓪.① ⓛocalhost \uff4cocalhost
127.0.0.1%00.example.com
"""
URLS = [f"http://{host}:{{port}}/" for host in HOSTS.split()] + [
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@example.com/",
    "http://example.com\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://127.0.0.1:{port}\t/",
    " http://127.0.0.1:{port}/",
    "\nhttp://127.0.0.1:{port}/",
    "http://\n127.0.0.1:{port}/",
    "http:// 127.0.0.1:{port}/",
    "ht\ttp://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http://127.0.0.1:6379/",
    "http://example.com:5432/",
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:65536/",
    "http://example.com:-1/",
    "http://example.com:\uff18\uff10/",
    "http://[::1/",
    "http://[127.0.0.1]:{port}/",
    "http://:{port}/",
    "http://",
    "",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/",
    "ldap://127.0.0.1:{port}/",
    "jar:http://127.0.0.1:{port}/!/",
    "data:text/plain,hello",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "HTTP://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "http://exa mple.com/",
    "http://-example.com/",
    "http://example..com/",
    "http://" + "a" * 64 + ".com/",
    "http://example.com/" + "a" * 9000,
]
