"""
harm -- what servers that mean harm have in common: reading a request, and the
answers that are wrong whoever asked for what.
"""
import gzip
import os
import socketserver
import sys
import threading
import time
import urllib.parse

MIB = b"x" * (1 << 20)
GZIP = gzip.compress(bytes(1 << 26))
lock = threading.Lock()


def date():
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Harm(socketserver.StreamRequestHandler):
    """
    A request to /KIND-DEED/...: the subclass says in what() of which kind it
    is, answers it in serve(), and knows in right() what the body should be.
    The file "log" has a line of each, and its headers below it, indented.
    """
    disable_nagle_algorithm = True

    def handle(self):
        try:
            while self.one():
                pass
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass

    # Reading it.

    def one(self):
        line = self.rfile.readline(1 << 16)
        if not line:
            return False
        self.method, target, _ = line.decode("latin-1").split(" ")
        self.heads = {}
        lines = ""
        while True:
            line = self.rfile.readline(1 << 16).decode("latin-1")
            if line in ("\r\n", "\n", ""):
                break
            lines += "\t" + line.rstrip("\r\n") + "\n"
            name, value = line.split(":", 1)
            self.heads[name.lower()] = value.strip()
        url = urllib.parse.urlsplit(target)
        parts = url.path[1:].split("/", 1)
        self.bucket = parts[0]
        self.key = urllib.parse.unquote(parts[1] if len(parts) > 1 else "")
        self.query = dict(urllib.parse.parse_qsl(
            url.query, keep_blank_values=True))
        self.kind = self.what()
        kind, _, deed = self.bucket.partition("-")
        self.mine = kind in ("any", self.kind)
        self.deed = deed.replace("-", "_")
        with lock:
            with open(os.path.join(sys.argv[1], "log"), "a") as log:
                log.write("%s %s %s\n%s" % (self.bucket, self.kind, target,
                                           lines))
        if self.heads.get("expect", "").lower() == "100-continue":
            self.put(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.body = self.rfile.read(int(self.heads.get("content-length", 0)))
        if self.mine and hasattr(self, "do_" + self.deed):
            return getattr(self, "do_" + self.deed)()
        if self.mine and kind != "good":
            raise SystemExit("no deed: " + self.deed)
        self.serve()
        return True

    # Being good.

    def put(self, data):
        self.wfile.write(data)

    def answer(self, status, body=b"", *more):
        head = ["HTTP/1.1 %s" % status, "Date: " + date(),
                "Content-Length: %d" % len(body), *more]
        self.put(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"))
        if self.method != "HEAD":
            self.put(body)
        return True

    # Lengths that are none.

    def head(self, *more, status="200 OK"):
        head = ["HTTP/1.1 " + status, "Date: " + date(), 'ETag: "x"', *more]
        self.put(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"))

    def do_short(self):
        data = self.right()
        self.head("Content-Length: %d" % (len(data) + 1000))
        self.put(data)
        return False

    def do_long(self):
        data = self.right()
        self.head("Content-Length: %d" % (len(data) // 2))
        self.put(data)
        return True

    def do_no_length(self):
        self.head("Connection: close")
        self.put(self.right())
        return False

    def do_two_lengths(self):
        data = self.right()
        self.head("Content-Length: %d" % len(data),
                  "Content-Length: %d" % (len(data) // 2))
        self.put(data)
        return False

    def do_negative_length(self):
        self.head("Content-Length: -1")
        self.put(self.right())
        return False

    def do_vast_length(self):
        self.head("Content-Length: %d" % (1 << 62))
        self.put(self.right())
        return False

    # No end of it.

    def endless(self, status, piece=MIB):
        self.head("Transfer-Encoding: chunked", status=status)
        while True:
            self.put(chunk(piece))

    def do_endless(self):
        self.endless("200 OK")

    def do_endless_refusal(self):
        self.endless("403 Forbidden")

    def do_endless_length(self):
        self.head("Content-Length: %d" % (1 << 40))
        self.put(self.right())
        while True:
            self.put(MIB)

    def do_endless_head(self):
        self.put(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.put(b"X-More: 0123456789\r\n" * 1000)

    def do_long_head(self):
        self.head("X-Long: " + "x" * (1 << 20), "Content-Length: 0")
        return False

    def do_line_head(self):
        self.put(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            self.put(MIB)

    def do_interim(self):
        while True:
            self.put(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 100)

    def do_continue(self):
        while True:
            self.put(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def do_trailers(self):
        self.head("Transfer-Encoding: chunked")
        self.put(chunk(self.right()) + b"0\r\n")
        while True:
            self.put(b"X-More: 0123456789\r\n" * 1000)

    def do_chunk_extension(self):
        self.head("Transfer-Encoding: chunked")
        self.put(b"1;")
        while True:
            self.put(MIB)

    def drip(self, status):
        self.head("Content-Length: 100000000", status=status)
        while True:
            self.put(b" ")
            time.sleep(0.05)

    def do_drip(self):
        self.drip("200 OK")

    def do_drip_refusal(self):
        self.drip("403 Forbidden")

    def do_drip_head(self):
        self.put(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.put(b"X-More: 0123456789\r\n")
            time.sleep(0.05)

    # What is no answer.

    def do_gzip(self):
        return self.answer("200 OK", GZIP, "Content-Encoding: gzip",
                           'ETag: "x"')

    def do_http09(self):
        self.put(b"<html>hello</html>\r\n" * 100)
        return False

    def do_junk(self):
        self.put(bytes(range(256)) * 100)
        return False

    def do_status(self):
        self.put(b"HTTP/1.1 99999999999 OK\r\nContent-Length: 0\r\n\r\n")
        return False

    def do_empty(self):
        return self.answer("200 OK")

    def do_html(self):
        return self.answer("200 OK", b"<html><body>Welcome</body></html>")

    def do_text(self):
        return self.answer("200 OK", b"Welcome")

    def do_switch(self):
        self.put(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n"
                 b"Connection: Upgrade\r\n\r\n")
        return False

    # To somewhere else.

    def moved(self, status, to, body=b""):
        return self.answer(status + " Moved", body, "Location: " + to)

    def do_moved(self, status="301"):
        return self.moved(status, "http://localhost:%d/x" % self.elsewhere)

    def do_moved_302(self):
        return self.do_moved("302")

    def do_moved_307(self):
        return self.do_moved("307")

    def do_moved_308(self):
        return self.do_moved("308")

    def do_moved_303(self):
        return self.do_moved("303")

    def do_moved_file(self):
        return self.moved("307", "file:///etc/passwd")

    def do_moved_metadata(self):
        return self.moved("307", "http://169.254.169.254/latest/meta-data/")

    def do_moved_user(self):
        return self.moved("307", "http://127.0.0.1:1@localhost:%d/x"
                          % self.elsewhere)

    def do_moved_backslash(self):
        return self.moved("307", "http://localhost:%d\\@127.0.0.1/x"
                          % self.elsewhere)

    def do_moved_point(self):
        return self.moved("307", "http://127.0.0.1.localhost:%d/x"
                          % self.elsewhere)

    def do_moved_error(self):
        return self.answer("301 Moved", (
            "<Error><Code>PermanentRedirect</Code><Endpoint>localhost:%d"
            "</Endpoint></Error>" % self.elsewhere).encode())

    def do_moved_endpoint_path(self):
        return self.answer("301 Moved", (
            "<Error><Code>PermanentRedirect</Code><Endpoint>"
            "127.0.0.1:80@localhost:%d/</Endpoint></Error>"
            % self.elsewhere).encode())

    def do_moved_region(self):
        return self.answer("301 Moved", b"<Error><Code>PermanentRedirect"
                           b"</Code><Region>x.evil.example/#</Region>"
                           b"</Error>")

    def do_moved_loop(self):
        self.answer("307 Moved", b"", "Location: http://127.0.0.1:%d%s"
                    % (self.own, "/" + self.bucket + "/" + self.key))
        return True


class Elsewhere(socketserver.StreamRequestHandler):
    def handle(self):
        with open(os.path.join(sys.argv[1], "elsewhere"), "ab") as f:
            f.write(b"connected\n" + self.rfile.readline())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main(handler, usage):
    """Listen on two free ports, that of "elsewhere" the second."""
    if len(sys.argv) != 2:
        sys.exit(usage)
    with Server(("127.0.0.1", 0), handler) as server, \
            Server(("127.0.0.1", 0), Elsewhere) as other:
        Harm.own = server.server_address[1]
        Harm.elsewhere = other.server_address[1]
        threading.Thread(target=other.serve_forever, daemon=True).start()
        print(Harm.own, Harm.elsewhere, flush=True)
        server.serve_forever()
