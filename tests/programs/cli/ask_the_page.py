import os
import socket
import sys

user, port, path, family = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
os.setgroups([])
os.setgid(user)
os.setuid(user)
client = socket.socket(getattr(socket, family))
client.connect(("127.0.0.1" if family == "AF_INET" else "::ffff:127.0.0.1", port))
try:
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    print(client.recv(100).decode().partition("\r")[0] or "closed")
except ConnectionError:
    print("closed")
