"""The four protocols that agent programs speak to models in, as far as a scripted model needs them.

Each is read into a ``Request`` and answered with the events of one reply: whole, for these models think in no time.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.agents_real.script import Item, Kind

Json = Any
#: The shell tool of every program, by its name there.
SHELL_TOOLS = ("Bash", "bash", "run_shell_command", "exec_command", "shell_command", "shell", "local_shell")


@dataclass(frozen=True, slots=True)
class Request:
    """``tools`` are the parameters' JSON schemas by name; ``streams``: the answer is wanted as server-sent events."""

    model: str
    items: tuple[Item, ...]
    tools: Mapping[str, Json]
    streams: bool

    @property
    def shell(self) -> str | None:
        return next((name for name in SHELL_TOOLS if name in self.tools), None)

    @property
    def tokens(self) -> int:
        """As good a count as any: what matters is that it grows."""
        return sum(len(item.text) for item in self.items) // 4 + 1


@dataclass(frozen=True, slots=True)
class Reply:
    """Words, or a call of ``tool``."""

    text: str = ""
    tool: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict)
    id: str = ""

    @property
    def tokens(self) -> int:
        return len(self.text) // 4 + len(json.dumps(self.arguments)) // 4 + 1


Event = tuple[str | None, Json]


def shell_arguments(schema: Json, command: str) -> dict[str, Json]:
    """``command`` as this tool wants it, with whatever else it requires filled in."""
    properties = schema.get("properties", {})
    name = next(key for key in ("command", "cmd") if key in properties)
    as_list = properties[name].get("type") == "array"
    filled: dict[str, Json] = {name: ["sh", "-c", command] if as_list else command}
    samples = {"string": "the next step", "boolean": False, "number": 60, "integer": 60, "array": [], "object": {}}
    for required in schema.get("required", []):
        filled.setdefault(required, samples.get(str(properties.get(required, {}).get("type", "string")).lower(), ""))
    return filled


def text_of(value: Json) -> str:
    """The text in a content field, however it is wrapped: plain, a list of parts, a JSON document in a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(text_of(part) for part in value)
    if isinstance(value, dict):
        return "\n".join(text_of(value[key]) for key in ("text", "content", "output", "error") if key in value)
    return ""


def read_anthropic(body: Json) -> Request:
    items = [Item(Kind.SYSTEM, text_of(body.get("system")))] if body.get("system") else []
    for message in body["messages"]:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match part["type"]:
                case "text":
                    kind = {"assistant": Kind.SAID, "system": Kind.SYSTEM}.get(message["role"], Kind.USER)
                    items.append(Item(kind, part["text"]))
                case "tool_use":
                    items.append(Item(Kind.CALL, json.dumps(part["input"])))
                case "tool_result":
                    items.append(Item(Kind.RESULT, text_of(part.get("content"))))
    tools = {tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools", [])}
    return Request(body["model"], tuple(items), tools, bool(body.get("stream")))


def anthropic_message(request: Request, reply: Reply) -> Json:
    block = (
        {"type": "tool_use", "id": reply.id, "name": reply.tool, "input": reply.arguments}
        if reply.tool
        else {"type": "text", "text": reply.text}
    )
    return {
        "id": "msg_" + reply.id, "type": "message", "role": "assistant", "model": request.model, "content": [block],
        "stop_reason": "tool_use" if reply.tool else "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": request.tokens, "output_tokens": reply.tokens},
    }  # fmt: skip


def anthropic_events(request: Request, reply: Reply) -> Iterator[Event]:
    message = anthropic_message(request, reply)
    (block,) = message["content"]
    usage = {"input_tokens": request.tokens, "output_tokens": 1}
    begun = {**message, "content": [], "stop_reason": None, "usage": usage}
    empty = {**block, "input": {}} if reply.tool else {**block, "text": ""}
    delta = (
        {"type": "input_json_delta", "partial_json": json.dumps(reply.arguments)}
        if reply.tool
        else {"type": "text_delta", "text": reply.text}
    )
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    for event in (
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": message["usage"]},
        {"type": "message_stop"},
    ):
        yield str(event["type"]), event


def read_responses(body: Json) -> Request:
    items = [Item(Kind.SYSTEM, body["instructions"])] if body.get("instructions") else []
    given = body.get("input", [])
    for part in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        match part.get("type", "message"):
            case "message":
                kinds = {"user": Kind.USER, "assistant": Kind.SAID}
                items.append(Item(kinds.get(part["role"], Kind.SYSTEM), text_of(part["content"])))
            case "function_call" | "local_shell_call" | "custom_tool_call":
                items.append(Item(Kind.CALL, str(part.get("arguments") or part.get("action") or part.get("input"))))
            case "function_call_output" | "local_shell_call_output" | "custom_tool_call_output":
                items.append(Item(Kind.RESULT, _unwrapped(text_of(part["output"]))))
    tools = {tool["name"]: tool.get("parameters", {}) for tool in body.get("tools", []) if tool["type"] == "function"}
    return Request(body["model"], tuple(items), tools, bool(body.get("stream")))


def _unwrapped(text: str) -> str:
    """Codex and mini give a tool's output as a JSON document in a text."""
    try:
        return text_of(json.loads(text)) or text
    except ValueError:
        return text


def response(request: Request, reply: Reply) -> Json:
    item = (
        {
            "type": "function_call", "id": "fc_" + reply.id, "call_id": reply.id, "name": reply.tool,
            "arguments": json.dumps(reply.arguments), "status": "completed",
        }
        if reply.tool
        else {
            "type": "message", "id": "item_" + reply.id, "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": reply.text, "annotations": []}],
        }
    )  # fmt: skip
    usage = {
        "input_tokens": request.tokens, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": reply.tokens, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": request.tokens + reply.tokens,
    }  # fmt: skip
    return {
        "id": "resp_" + reply.id, "object": "response", "created_at": 0, "status": "completed",
        "model": request.model, "output": [item], "usage": usage,
    }  # fmt: skip


def response_events(request: Request, reply: Reply) -> Iterator[Event]:
    whole = response(request, reply)
    (item,) = whole["output"]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    place = {"output_index": 0, "item_id": item["id"]}
    yield "response.created", {"type": "response.created", "response": begun}
    if reply.tool:
        empty = {**item, "arguments": "", "status": "in_progress"}
        yield "response.output_item.added", {"type": "response.output_item.added", "output_index": 0, "item": empty}
        for kind, key in (("delta", "delta"), ("done", "arguments")):
            name = f"response.function_call_arguments.{kind}"
            yield name, {"type": name, **place, key: item["arguments"]}
    else:
        empty = {**item, "content": [], "status": "in_progress"}
        part = {"type": "output_text", "text": "", "annotations": []}
        yield "response.output_item.added", {"type": "response.output_item.added", "output_index": 0, "item": empty}
        within = {**place, "content_index": 0}
        yield "response.content_part.added", {"type": "response.content_part.added", **within, "part": part}
        name = "response.output_text.delta"
        yield name, {"type": name, **within, "delta": reply.text}
        name = "response.output_text.done"
        yield name, {"type": name, **within, "text": reply.text}
        name = "response.content_part.done"
        yield name, {"type": name, **within, "part": item["content"][0]}
    yield "response.output_item.done", {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield "response.completed", {"type": "response.completed", "response": whole}


def read_chat(body: Json) -> Request:
    items = []
    for message in body["messages"]:
        role = message["role"]
        if message.get("content"):
            kinds = {"user": Kind.USER, "assistant": Kind.SAID, "tool": Kind.RESULT}
            said_beside_call = role == "assistant" and message.get("tool_calls")
            if not said_beside_call:
                text = text_of(message["content"])
                items.append(Item(kinds.get(role, Kind.SYSTEM), _unwrapped(text) if role == "tool" else text))
        items += [Item(Kind.CALL, call["function"]["arguments"]) for call in message.get("tool_calls") or []]
    tools = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools") or []}
    return Request(body["model"], tuple(items), tools, bool(body.get("stream")))


def _chat_message(reply: Reply) -> tuple[Json, str]:
    if not reply.tool:
        return {"role": "assistant", "content": reply.text}, "stop"
    function = {"name": reply.tool, "arguments": json.dumps(reply.arguments)}
    call = {"index": 0, "id": reply.id, "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def _chat_usage(request: Request, reply: Reply) -> Json:
    both = request.tokens + reply.tokens
    return {"prompt_tokens": request.tokens, "completion_tokens": reply.tokens, "total_tokens": both}


def chat_completion(request: Request, reply: Reply) -> Json:
    message, finish = _chat_message(reply)
    return {
        "id": "chat-" + reply.id, "object": "chat.completion", "created": 0, "model": request.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": _chat_usage(request, reply),
    }  # fmt: skip


def chat_events(request: Request, reply: Reply) -> Iterator[Event]:
    message, finish = _chat_message(reply)
    base = {"id": "chat-" + reply.id, "object": "chat.completion.chunk", "created": 0, "model": request.model}
    yield None, {**base, "choices": [{"index": 0, "delta": message, "finish_reason": None}]}
    yield None, {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    yield None, {**base, "choices": [], "usage": _chat_usage(request, reply)}
    yield None, "[DONE]"


def read_gemini(body: Json, model: str, streams: bool) -> Request:
    system = (body.get("systemInstruction") or {}).get("parts", [])
    items = [Item(Kind.SYSTEM, text_of(system))] if system else []
    for content in body.get("contents", []):
        own = content.get("role") == "model"
        for part in content.get("parts", []):
            if "functionCall" in part:
                items.append(Item(Kind.CALL, json.dumps(part["functionCall"].get("args"))))
            elif "functionResponse" in part:
                items.append(Item(Kind.RESULT, text_of(part["functionResponse"].get("response"))))
            elif part.get("text") and not part.get("thought"):
                items.append(Item(Kind.SAID if own else Kind.USER, part["text"]))
    declared = [one for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]
    tools = {one["name"]: one.get("parametersJsonSchema") or one.get("parameters") or {} for one in declared}
    return Request(model, tuple(items), tools, streams)


def gemini_response(request: Request, reply: Reply) -> Json:
    part = (
        {"functionCall": {"name": reply.tool, "args": reply.arguments, "id": reply.id}}
        if reply.tool
        else {"text": reply.text}
    )
    usage = {
        "promptTokenCount": request.tokens, "candidatesTokenCount": reply.tokens,
        "totalTokenCount": request.tokens + reply.tokens,
    }  # fmt: skip
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": request.model}


def gemini_events(request: Request, reply: Reply) -> Iterator[Event]:
    yield None, gemini_response(request, reply)


def used_up(path: str, until: float, now: float) -> tuple[Json, dict[str, str]]:
    """What providers refuse with whose limit of five hours is used up until then: the document, and headers."""
    end, left = str(int(until)), str(int(until - now))
    error = {"type": "rate_limit_error", "message": f"Rate limit reached. Please try again in {left}s."}
    if path.endswith("/responses"):
        error |= {"type": "usage_limit_reached", "plan_type": "plus", "resets_at": int(end)}
    if path.endswith("GenerateContent"):
        google = "type.googleapis.com/google.rpc."
        why = {"@type": f"{google}ErrorInfo", "reason": "QUOTA_EXHAUSTED", "domain": "cloudcode-pa.googleapis.com"}
        wait = {"@type": f"{google}RetryInfo", "retryDelay": f"{left}s"}
        error |= {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [why, wait]}
    anthropic, codex = "anthropic-ratelimit-unified-", "x-codex-primary-"
    headers = {
        "retry-after": left,
        f"{anthropic}status": "rejected", f"{anthropic}reset": end, f"{anthropic}representative-claim": "five_hour",
        f"{codex}used-percent": "100", f"{codex}window-minutes": "300", f"{codex}reset-at": end,
    }  # fmt: skip
    return {"type": "error", "error": error}, headers
