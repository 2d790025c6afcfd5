"""A real Home Assistant that takes steps: one JSON object a line on stdin, its answer a line on stdout.

    python home_assistant_inside.py CONFIG

Run by Home Assistant's own Python. CONFIG is its folder; whoever starts this has written what is in it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import home_assistant_lists
from homeassistant import bootstrap, runner
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.components.lovelace import const as lovelace
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.helpers.json import json_dumps


class Complaints(logging.Handler):
    """Keeps every warning and error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trouble = record.exc_info[1] if record.exc_info else ""
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()} {trouble!s}".strip())


class Inside:
    """The steps."""

    def __init__(self, hass: HomeAssistant, complaints: Complaints) -> None:
        self._hass = hass
        self._complaints = complaints

    async def version(self) -> str:
        return __version__

    async def states(self) -> dict[str, Any]:
        return {state.entity_id: [state.state, dict(state.attributes)] for state in self._hass.states.async_all()}

    async def state(self, entity_id: str) -> list[Any] | None:
        state = self._hass.states.get(entity_id)
        return None if state is None else [state.state, dict(state.attributes)]

    async def registered(self) -> dict[str, Any]:
        """Every entity of MQTT in the registry, whether it is enabled or not."""
        entries = entity_registry.async_get(self._hass).entities.values()
        return {
            entry.entity_id: {
                "unique_id": entry.unique_id,
                "category": entry.entity_category,
                "class": entry.device_class or entry.original_device_class,
                "unit": entry.unit_of_measurement,
                "name": entry.original_name,
                "disabled": entry.disabled_by,
            }
            for entry in entries
            if entry.platform == "mqtt"
        }

    async def devices(self) -> list[dict[str, Any]]:
        devices = device_registry.async_get(self._hass).devices.values()
        kept = ("name", "manufacturer", "model", "sw_version")
        return [{key: getattr(device, key) for key in kept} for device in devices]

    async def enable(self) -> None:
        """Switch on every entity that is off by default; Home Assistant shows it once MQTT is loaded again."""
        registry = entity_registry.async_get(self._hass)
        for entry in list(registry.entities.values()):
            if entry.platform == "mqtt" and entry.disabled_by:
                registry.async_update_entity(entry.entity_id, disabled_by=None)

    async def call(self, service: str, **data: Any) -> str:
        """Call a service; the error's text, or nothing."""
        domain, name = service.split(".")
        try:
            await self._hass.services.async_call(domain, name, data, blocking=True)
        except (HomeAssistantError, ValueError) as error:
            return str(error) or type(error).__name__
        return ""

    async def reload(self) -> None:
        """Load the MQTT integration again, which forgets all that it knew of the broker."""
        [entry] = self._hass.config_entries.async_entries("mqtt")
        await self._hass.config_entries.async_reload(entry.entry_id)

    async def complaints(self) -> list[str]:
        """Every warning and error since this was asked last."""
        lines, self._complaints.lines = self._complaints.lines, []
        return lines

    async def blueprints(self) -> dict[str, str]:
        """What is wrong with each blueprint; nothing where it is as Home Assistant wants it."""
        found = await self._hass.data["blueprint"]["automation"].async_get_blueprints()
        faults = {}
        for path, blueprint in found.items():
            wrong = blueprint if isinstance(blueprint, Exception) else blueprint.validate()
            faults[path] = str(wrong or "")
        return faults

    async def automations(self) -> dict[str, Any]:
        """Each with when it was triggered last."""
        return {
            state.entity_id: [state.state, str(state.attributes["last_triggered"])]
            for state in self._hass.states.async_all("automation")
        }

    async def dashboard(self, path: str) -> Any:
        """A dashboard as Home Assistant has read it."""
        return await self._hass.data[lovelace.LOVELACE_DATA].dashboards[path].async_load(force=True)

    async def lists(self) -> dict[str, Any]:
        """What it takes in discovery messages."""
        return home_assistant_lists.lists()

    async def owner(self) -> None:
        """Somebody who is logged in without being asked, as all of this machine are."""
        if all(user.system_generated for user in await self._hass.auth.async_get_users()):
            await self._hass.auth.async_create_user("Owner", group_ids=[GROUP_ID_ADMIN])

    async def notifications(self) -> list[str]:
        notes = self._hass.data.get("persistent_notification", {})
        return [f"{note['title']}: {note['message']}" for note in notes.values()]


async def serve(folder: Path) -> None:
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whoever prints does not disturb the answers
    hass = await bootstrap.async_setup_hass(runner.RuntimeConfig(config_dir=str(folder), skip_pip=True))
    assert hass is not None
    await hass.async_start()
    inside = Inside(hass, complaints)
    print('{"answer": "ready"}', file=out, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        step = json.loads(line)
        try:
            answer = {"answer": await getattr(inside, step.pop("step"))(**step)}
        except Exception:  # noqa: BLE001 - whatever it is, the other side is to see it
            answer = {"error": traceback.format_exc()}
        await hass.async_block_till_done(wait_background_tasks=False)
        print(json_dumps(answer), file=out, flush=True)
    await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
