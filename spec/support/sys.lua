-- SPDX-License-Identifier: Apache-2.0
-- What the end-to-end harness needs of POSIX, and nothing else: declared once, however often busted reloads this file.

local ffi = require "ffi"


local declarations = [[
  typedef int e2e_pid;
  struct e2e_pollfd { int fd; short events; short revents; };
  struct e2e_timespec { long sec; long nsec; };
  struct e2e_linger { int on; int seconds; };
  struct e2e_sockaddr { uint16_t family; uint8_t data[126]; };
  struct e2e_actions { char private[512]; };
  struct e2e_attr { char private[1024]; };

  int poll(struct e2e_pollfd *fds, unsigned long count, int timeout);
  int clock_gettime(int clock, struct e2e_timespec *out);
  int socket(int family, int type, int protocol);
  int bind(int fd, const struct e2e_sockaddr *address, unsigned length);
  int listen(int fd, int backlog);
  int accept4(int fd, struct e2e_sockaddr *address, unsigned *length, int flags);
  int connect(int fd, const struct e2e_sockaddr *address, unsigned length);
  int getsockname(int fd, struct e2e_sockaddr *address, unsigned *length);
  int setsockopt(int fd, int level, int name, const void *value, unsigned length);
  int getsockopt(int fd, int level, int name, void *value, unsigned *length);
  long recv(int fd, void *buffer, size_t size, int flags);
  long send(int fd, const void *buffer, size_t size, int flags);
  long recvfrom(int fd, void *buffer, size_t size, int flags, struct e2e_sockaddr *address, unsigned *length);
  long sendto(int fd, const void *buffer, size_t size, int flags, const struct e2e_sockaddr *address, unsigned length);
  long read(int fd, void *buffer, size_t size);
  int shutdown(int fd, int how);
  int close(int fd);
  int pipe2(int *fds, int flags);
  int fcntl(int fd, int command, ...);
  int kill(e2e_pid pid, int signal);
  e2e_pid waitpid(e2e_pid pid, int *status, int options);
  long syscall(long number, ...);
  int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
  char *mkdtemp(char *template);
  int mkdir(const char *path, unsigned mode);
  int rename(const char *from, const char *to);
  char *strerror(int code);
  char *realpath(const char *path, char *resolved);
  void free(void *memory);
  int posix_spawn(e2e_pid *pid, const char *path, const struct e2e_actions *actions,
                  const struct e2e_attr *attr, char *const argv[], char *const envp[]);
  int posix_spawn_file_actions_init(struct e2e_actions *actions);
  int posix_spawn_file_actions_destroy(struct e2e_actions *actions);
  int posix_spawn_file_actions_adddup2(struct e2e_actions *actions, int from, int to);
  int posix_spawn_file_actions_addchdir_np(struct e2e_actions *actions, const char *path);
  int posix_spawn_file_actions_addopen(struct e2e_actions *actions, int fd, const char *path,
                                       int flags, unsigned mode);
  int posix_spawnattr_init(struct e2e_attr *attr);
  int posix_spawnattr_destroy(struct e2e_attr *attr);
  int posix_spawnattr_setflags(struct e2e_attr *attr, short flags);
  int posix_spawnattr_setpgroup(struct e2e_attr *attr, e2e_pid group);
  extern char **environ;
]]

if not pcall(ffi.typeof, "struct e2e_pollfd") then ffi.cdef(declarations) end

local M = {
  C = ffi.C,
  EINTR = 4, EAGAIN = 11, EPIPE = 32, ECONNRESET = 104, EINPROGRESS = 115, ESRCH = 3,
  POLLIN = 1, POLLOUT = 4,
  O_CLOEXEC = 0x80000,
}


-- "where: what the system says", for messages.
function M.why(where)
  return where .. ": " .. ffi.string(ffi.C.strerror(ffi.errno()))
end


-- Raises what the system says when `rc` is negative; otherwise `rc` as a number.
function M.check(rc, where)
  if rc < 0 then error(M.why(where), 2) end
  return tonumber(rc)
end


-- Seconds on the monotonic clock.
local spec = ffi.new("struct e2e_timespec")
function M.now()
  ffi.C.clock_gettime(1, spec)
  return tonumber(spec.sec) + tonumber(spec.nsec) / 1e9
end


function M.pipe()
  local fds = ffi.new("int[2]")
  M.check(ffi.C.pipe2(fds, M.O_CLOEXEC), "pipe2")
  return fds[0], fds[1]
end


function M.realpath(path)
  local p = ffi.C.realpath(path, nil)
  if p == nil then return nil end
  local resolved = ffi.string(p)
  ffi.C.free(p)
  return resolved
end


return M
