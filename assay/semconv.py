"""Attribute names, spelled as their conventions spell them. Nothing else in the code writes one as a literal.

Sources: OpenTelemetry semantic conventions for generative AI (open-telemetry/semantic-conventions-genai),
OpenInference semantic conventions (Arize-ai/openinference), OpenTelemetry semantic conventions 1.44.
"""

from __future__ import annotations

# OpenTelemetry GenAI: operation and model
GEN_AI_OPERATION_NAME = "gen_ai.operation.name"
GEN_AI_PROVIDER_NAME = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
GEN_AI_REQUEST_STREAM = "gen_ai.request.stream"
GEN_AI_RESPONSE_ID = "gen_ai.response.id"
GEN_AI_RESPONSE_MODEL = "gen_ai.response.model"
GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"  # seconds

# OpenTelemetry GenAI: parameters of a request
GEN_AI_REQUEST_TEMPERATURE = "gen_ai.request.temperature"
GEN_AI_REQUEST_TOP_P = "gen_ai.request.top_p"
GEN_AI_REQUEST_TOP_K = "gen_ai.request.top_k"
GEN_AI_REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
GEN_AI_REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences"
GEN_AI_REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty"
GEN_AI_REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty"
GEN_AI_REQUEST_SEED = "gen_ai.request.seed"
GEN_AI_REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count"
GEN_AI_REQUEST_ENCODING_FORMATS = "gen_ai.request.encoding_formats"
GEN_AI_REQUEST_REASONING_LEVEL = "gen_ai.request.reasoning.level"
GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID = "gen_ai.request.previous_response.id"
GEN_AI_OUTPUT_TYPE = "gen_ai.output.type"
GEN_AI_EMBEDDINGS_DIMENSION_COUNT = "gen_ai.embeddings.dimension.count"
OPENAI_REQUEST_SERVICE_TIER = "openai.request.service_tier"
OPENAI_RESPONSE_SERVICE_TIER = "openai.response.service_tier"
OPENAI_RESPONSE_SYSTEM_FINGERPRINT = "openai.response.system_fingerprint"

# OpenTelemetry GenAI: content
GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages"
GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
GEN_AI_TOOL_DEFINITIONS = "gen_ai.tool.definitions"
GEN_AI_TOOL_NAME = "gen_ai.tool.name"
GEN_AI_TOOL_DESCRIPTION = "gen_ai.tool.description"
GEN_AI_TOOL_TYPE = "gen_ai.tool.type"
GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id"
GEN_AI_TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments"
GEN_AI_TOOL_CALL_RESULT = "gen_ai.tool.call.result"
GEN_AI_RETRIEVAL_DOCUMENTS = "gen_ai.retrieval.documents"
GEN_AI_RETRIEVAL_QUERY_TEXT = "gen_ai.retrieval.query.text"

# OpenTelemetry GenAI: tokens. Input includes cached tokens, output includes reasoning tokens.
GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write.input_tokens"
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens"
GEN_AI_USAGE_TEXT_INPUT_TOKENS = "gen_ai.usage.text.input_tokens"
GEN_AI_USAGE_IMAGE_INPUT_TOKENS = "gen_ai.usage.image.input_tokens"
GEN_AI_USAGE_AUDIO_INPUT_TOKENS = "gen_ai.usage.audio.input_tokens"
GEN_AI_USAGE_TEXT_OUTPUT_TOKENS = "gen_ai.usage.text.output_tokens"
GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS = "gen_ai.usage.image.output_tokens"
GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS = "gen_ai.usage.audio.output_tokens"

# OpenTelemetry GenAI: links
GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id"
GEN_AI_AGENT_NAME = "gen_ai.agent.name"
GEN_AI_WORKFLOW_NAME = "gen_ai.workflow.name"
GEN_AI_PROMPT_NAME = "gen_ai.prompt.name"
GEN_AI_PROMPT_VERSION = "gen_ai.prompt.version"

# OpenTelemetry, general
ERROR_TYPE = "error.type"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_RESPONSE_HEADER_REQUEST_ID = "http.response.header.x-request-id"  # a list of strings
HTTP_REQUEST_RESEND_COUNT = "http.request.resend_count"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
EXCEPTION_ESCAPED = "exception.escaped"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
SERVICE_NAME = "service.name"
SERVICE_INSTANCE_ID = "service.instance.id"
SERVICE_VERSION = "service.version"
DEPLOYMENT_ENVIRONMENT_NAME = "deployment.environment.name"
SESSION_ID = "session.id"
USER_ID = "user.id"

# OpenInference: what other backends read of functions that are no model calls
OPENINFERENCE_SPAN_KIND = "openinference.span.kind"
OPENINFERENCE_PROJECT_NAME = "openinference.project.name"
LLM_COST_TOTAL = "llm.cost.total"  # US dollars
INPUT_VALUE = "input.value"
INPUT_MIME_TYPE = "input.mime_type"
OUTPUT_VALUE = "output.value"
OUTPUT_MIME_TYPE = "output.mime_type"
METADATA = "metadata"  # a JSON object as text
TAG_TAGS = "tag.tags"  # a list of strings

# Assay's own: only what no convention has a name for
ASSAY_PROJECT = "assay.project"  # on the resource
ASSAY_SPAN_KIND = "assay.span.kind"  # kinds OpenInference lacks (task)
ASSAY_TRACE_NAME = "assay.trace.name"
ASSAY_PROMPT_INCLUDES = "assay.prompt.includes"  # versions that the prompt included: ["tone/3"]
ASSAY_PROMPT_SOURCE = "assay.prompt.source"  # cache, disk or fallback: the collector has not confirmed it in time
ASSAY_PROMPT_AGE_S = "assay.prompt.age_s"  # seconds since it last did
ASSAY_PROMPT_FALLBACK_FOR = "assay.prompt.fallback_for"  # name of the prompt that the program's own text stood in for
ASSAY_PARENT_CAME_BY = "assay.parent.came_by"  # of a parent in another process: headers, environment, process
ASSAY_ROOT_THREAD = "assay.root.thread"  # name of the thread in which a trace began, if not the main one
ASSAY_EXPERIMENT_ID = "assay.experiment.id"
ASSAY_ITEM_ID = "assay.item.id"
ASSAY_ITEM_REPEAT = "assay.item.repeat"
ASSAY_REQUEST = "assay.request."  # prefix: parameters of a model call that the GenAI conventions do not name
ASSAY_ERROR_CODE = "assay.error.code"  # of a model's server: "rate_limit_exceeded"
ASSAY_ERROR_TYPE = "assay.error.type"  # of a model's server: "invalid_request_error"
ASSAY_RETRY = "assay.retry"  # event: a request failed and is sent again
ASSAY_RETRY_DELAY_S = "assay.retry.delay_s"
ASSAY_USAGE_ACCEPTED_PREDICTION_TOKENS = "assay.usage.accepted_prediction_tokens"  # of the output tokens
ASSAY_USAGE_REJECTED_PREDICTION_TOKENS = "assay.usage.rejected_prediction_tokens"  # of the output tokens
ASSAY_AB_TEST = "assay.ab_test.name"
ASSAY_AB_ARM = "assay.ab_test.arm"
ASSAY_AB_PHASE = "assay.ab_test.phase"  # this and the next three: on the span of an exposure alone
ASSAY_AB_UNIT = "assay.ab_test.unit"
ASSAY_AB_WEIGHT = "assay.ab_test.weight"
ASSAY_AB_SALT_VERSION = "assay.ab_test.salt_version"
ASSAY_SPAN_STARTED = "assay.span.started"  # the name of a log record: a span is open
ASSAY_PROCESS_ALIVE = "assay.process.alive"  # the same: those that the process has announced are still open
ASSAY_PROCESS_ENDED = "assay.process.ended"  # the same: they will not end any more
ASSAY_REDACTED = "assay.redacted"  # .<rule>: how often it found something in the span
ASSAY_CACHE_HIT = "assay.cache_hit"  # true: a cache in front of the model answered

KINDS = (
    "llm",
    "agent",
    "tool",
    "retriever",
    "reranker",
    "embedding",
    "chain",
    "guardrail",
    "evaluator",
    "prompt",
    "task",
)
