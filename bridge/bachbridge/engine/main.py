"""The engine process: reads its configuration, opens ports and log, starts the model process and runs the loop.

The pipe to the program that started the engine may close, a signal may come, or the engine may fail: in each case the
notes are ended first, then the output port is closed, and only then does the process exit. If it is killed, the process
that owns the ports ends the notes (see `ports.broker`).
"""

import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bachbridge.engine import link_session
from bachbridge.engine.link_session import LinkSession
from bachbridge.engine.loop import Engine, EventQueue, NoPorts, PortsProtocol
from bachbridge.engine.model_client import ModelClient
from bachbridge.engine.ports.client import PortClient
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import LogWriter
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.process import ipc, realtime
from bachbridge.protocol.events import Command, Midi, Quit, Setting
from bachbridge.protocol.notices import Failed, Message
from bachbridge.settings import Settings, settings_from_table

_ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The first line of the engine's input, as JSON."""

    settings: dict[str, Any]
    input: str | None = None
    output: str | None = None
    ports: str = "real"
    """ "none": no MIDI ports; the pipe is the only way in and out."""
    patient: bool = False
    """True: wait for named ports that do not exist yet, and go on without Link if its package is missing."""
    log: str | None = None
    model_command: tuple[str, ...] = ()
    """Command that starts the model process; empty: the package's own."""


def serve(lines: Iterator[str], notify: Callable[[Message], None]) -> None:
    """Run the engine on `lines` of JSON until a `Quit`, reporting through `notify`.

    Raises `BachBridgeError` if the settings, the ports or the log cannot be used.
    """
    first = next(lines, None)
    if first is None:
        return
    realtime.prepare_engine_process()
    config = EngineConfig(**json.loads(first))
    settings = _usable_settings(config, notify)
    event_queue = EventQueue()
    for number in _ENDING_SIGNALS:
        signal.signal(number, lambda number, _: event_queue.put(Quit(signal.Signals(number).name)))
    ports = _open_ports(config, event_queue)
    link = log = model_client = None
    try:
        link = LinkSession(settings, event_queue.put)
        log = LogWriter(Path(config.log), settings) if config.log else None
        command = config.model_command or ipc.process_command("model")
        model_client = ModelClient(command, settings.model, event_queue.put)
        threading.Thread(
            target=ipc.dispatch_messages,
            args=(lines, _command_handler(event_queue, notify)),
            name="commands",
            daemon=True,
        ).start()
        realtime.freeze_heap()
        Engine(Session(settings), ports, model_client, _observed(notify, link), log).run(event_queue)
    finally:
        ports.close()
        if link:
            link.stop()
        if model_client:
            model_client.stop()
        if log:
            log.close()


def _usable_settings(config: EngineConfig, notify: Callable[[Message], None]) -> Settings:
    """Return the settings; without Link, if its package is missing and the starting program is patient."""
    settings = settings_from_table(config.settings)
    refused = link_session.refusal(Setting("link", settings.link))
    if refused is None:
        return settings
    if not config.patient:
        raise ConfigError(refused.reason)
    notify(refused)
    return replace(settings, link=False)


def _open_ports(config: EngineConfig, event_queue: EventQueue) -> PortsProtocol:
    if config.ports == "none":
        return NoPorts()
    return PortClient(
        config.input,
        config.output,
        lambda at_ns, data: event_queue.put(Midi(data), at_ns),
        event_queue.put,
        wait_for_ports=config.patient,
    )


def _command_handler(event_queue: EventQueue, notify: Callable[[Message], None]) -> ipc.MessageCallback:
    """Return a callback that queues commands; it is called on the thread that reads the pipe.

    A setting that needs a missing package is refused here: the session does not know which packages there are.
    """

    def queue_command(message: Message | None) -> None:
        match message:
            case None:
                event_queue.put(Quit("the program that started the engine has ended"))
            case _ if refusal := link_session.refusal(message):
                notify(refusal)
            case _ if isinstance(message, Command):
                event_queue.put(message)
            case _:
                pass

    return queue_command


def _observed(notify: Callable[[Message], None], link: LinkSession) -> Callable[[Message], None]:
    """Return a `notify` that lets `link` see the reports first; it is called on the engine's thread."""

    def report(message: Message) -> None:
        link.observe_report(message)
        notify(message)

    return report


def main() -> None:
    """Run `python -m bachbridge.engine.main`, started through `process.ipc`; exits with status 1 after `Failed`."""
    reader, writer = ipc.standard_pipes()
    outbox = ipc.Outbox(writer)
    failure = ""
    try:
        serve(ipc.read_lines(reader), outbox.send)
    except BachBridgeError as error:
        failure = str(error)
    except Exception as error:  # noqa: BLE001 # the border of the process: all is silent by now, so report
        traceback.print_exc()
        failure = f"The engine has failed ({type(error).__name__}: {error}): start it again and report this."
    if failure:
        outbox.send(Failed(failure))
    outbox.close()
    sys.exit(1 if failure else 0)


if __name__ == "__main__":
    main()
