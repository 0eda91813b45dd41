"""What the OpenAI SDK can be asked, and what must be recorded of it. `run` takes `support.openai_clients.Clients`."""

from __future__ import annotations

from support.matrix_openai_chat import CHAT
from support.matrix_openai_others import OTHERS
from support.matrix_openai_responses import RESPONSE_STREAMS, RESPONSES
from support.matrix_openai_streams import ERRORS, RAW, STREAMS

CASES = (*CHAT, *STREAMS, *RAW, *RESPONSES, *RESPONSE_STREAMS, *OTHERS, *ERRORS)
