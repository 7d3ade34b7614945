"""A sheet in the browser, with the unchanged add-on running in it: the page, its server, and the stand-ins.

`python -m local.page --port 8080 --api … --formula … --emulator … --issuer …` serves it. `static/` is what the
browser runs, `standins/` Apps Script's services over one synchronous HTTP function, `node/` runs them under Node.
"""
