"""Every connection Studio opens to somebody else's server goes through here.

`addresses` and `urls` are the pure rules of what may be reached, `headers` of what may be sent. `client`
opens the sockets and holds the limits. `factory` reads the settings. Nothing else in the project imports an
HTTP library.
"""
