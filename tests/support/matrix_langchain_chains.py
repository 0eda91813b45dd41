"""Chains of LangChain: sequences, branches, fallbacks, retries, streams; tools and retrievers."""

from __future__ import annotations

from dataclasses import replace as but
from typing import Any

from support.langchain_models import LangChain
from support.matrix import Call, Tokens, said
from support.matrix_langchain import LangChainCase
from support.matrix_langchain_models import ANSWERED, CANCELLED, REPLY, UNANSWERED, cancel_while_asked, read

QUESTION = {"question": "hello"}
ASKED = [said("system", "Be brief."), said("user", "hello")]
IN_CHAIN = but(ANSWERED, parent="RunnableSequence", input=ASKED)
STREAMED = but(IN_CHAIN, tokens=None, more={"gen_ai.request.stream": True})
ECHOED = but(IN_CHAIN, tokens=Tokens(3, 2), output=[said("assistant", "echo: hello", "stop")])
# LangChain's parsers read their input to its end, although nobody asks for more of it
READ_ON = but(STREAMED, output=[said("assistant", "one two three", "stop")])
SEQUENCE = ("RunnableSequence chain", "  ChatPromptTemplate prompt", "  ChatOpenAI llm", "  StrOutputParser chain")
WORDS = {"text": "one two three"}
EMBEDDED = Call(
    parent="VectorStoreRetriever",
    operation="embeddings",
    kind="EMBEDDING",
    request_model="embed-x",
    tokens=Tokens(1),
    prompt=False,
)


def chain(form: str, run: Any, *calls: Call, replies: tuple[dict[str, Any], ...] = (REPLY,), **fields: Any) -> Any:
    return LangChainCase(
        group="Chains", form=form, run=run, calls=calls, replies=replies, **{"tree": SEQUENCE, **fields}
    )


def other(form: str, run: Any, *tree: str, **fields: Any) -> LangChainCase:
    return LangChainCase(group=fields.pop("group", "Chains"), form=form, run=run, tree=tree, **fields)


def parallel(lc: LangChain) -> None:
    from langchain_core.runnables import RunnableParallel

    RunnableParallel(one=lc.function("one"), two=lc.function("two")).invoke("x")


def branch(lc: LangChain) -> None:
    from langchain_core.runnables import RunnableBranch

    RunnableBranch((lc.function("asks"), lc.function("yes")), lc.function("no")).invoke("x")


def fallbacks(lc: LangChain) -> None:
    lc.function("first", fails=True).with_fallbacks([lc.function("second")]).invoke("x")


def retries(lc: LangChain) -> None:
    failing = lc.function("unlucky", fails=True)
    failing.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).invoke("x")


def assigned(lc: LangChain) -> None:
    from langchain_core.runnables import RunnablePassthrough

    RunnablePassthrough.assign(more=lc.function("more")).invoke({"a": 1})


def model_in_function(lc: LangChain) -> None:
    import assay

    def answer(question: str) -> Any:
        with assay.start_span("thinking"):
            return lc.chat.invoke([("system", "Be brief."), ("human", question)])

    from langchain_core.runnables import RunnableLambda

    RunnableLambda(answer, name="answer").invoke("hello")


def broken_off(lc: LangChain) -> None:
    for chunk in lc.chain.stream(QUESTION):
        if chunk:
            break


def between_chunks(lc: LangChain) -> None:
    import assay

    for number, _ in enumerate(lc.chain.stream(QUESTION)):
        if number == 1:
            with assay.start_span("the reader's"):
                pass


def session(lc: LangChain) -> None:
    config = {"configurable": {"thread_id": "t1"}, "tags": ["beta"], "metadata": {"plan": "pro", "user_id": "u7"}}
    (lc.function("outer") | lc.function("inner")).invoke("x", {**config, "run_name": "mine"})


OUTER = {"session.id": "t1", "user.id": "u7", "tag.tags": ["beta"], "metadata": '{"plan": "pro"}'}

CHAINS = (
    chain("sequence", lambda lc: lc.chain.invoke(QUESTION), IN_CHAIN),
    chain("async", lambda lc: lc.chain.ainvoke(QUESTION), IN_CHAIN),
    chain("`batch`", lambda lc: lc.chain.batch([QUESTION] * 2), ECHOED, ECHOED, replies=(), tree=SEQUENCE * 2),
    chain("`abatch`", lambda lc: lc.chain.abatch([QUESTION] * 2), ECHOED, ECHOED, replies=(), tree=SEQUENCE * 2),
    chain("`stream`", lambda lc: list(lc.chain.stream(QUESTION)), STREAMED),
    chain("`astream`", lambda lc: read(lc.chain.astream(QUESTION)), STREAMED),
    chain("`astream_events`", lambda lc: read(lc.chain.astream_events(QUESTION, version="v2")), STREAMED),
    chain("`astream_log`", lambda lc: read(lc.chain.astream_log(QUESTION)), STREAMED),
    chain("stream left by `break`", broken_off, READ_ON, replies=(WORDS,)),
    chain("the reader's spans are not the chain's", between_chunks, STREAMED, tree=(*SEQUENCE, "the reader's")),
    chain(
        "cancelled",
        lambda lc: cancel_while_asked(lc, lc.chain.ainvoke(QUESTION)),
        but(UNANSWERED, parent="RunnableSequence", input=ASKED, error=CANCELLED),
        replies=(),
        raises="CancelledError",
        tree=SEQUENCE[:-1],
        errors=("RunnableSequence",),
    ),
    chain(
        "a model called in a function's own span",
        model_in_function,
        but(IN_CHAIN, parent="thinking"),
        tree=("answer chain", "  thinking", "    ChatOpenAI llm"),
    ),
    other(
        "parallel",
        parallel,
        "RunnableParallel<one,two> chain",
        "  one chain",
        "    in one",
        "  two chain",
        "    in two",
    ),
    other("branch", branch, "RunnableBranch chain", "  asks chain", "    in asks", "  yes chain", "    in yes"),
    other(
        "`with_fallbacks`",
        fallbacks,
        *("RunnableWithFallbacks chain", "  first chain", "    in first", "  second chain", "    in second"),
        errors=("first", "in first"),
    ),
    other(
        "`with_retry`",
        retries,
        *("unlucky chain", "  unlucky chain", "    in unlucky", "  unlucky chain", "    in unlucky"),
        raises="ValueError",
        errors=("unlucky", "unlucky", "unlucky", "in unlucky", "in unlucky"),
    ),
    other(
        "`RunnablePassthrough.assign`",
        assigned,
        *("RunnableAssign<more> chain", "  RunnableParallel<more> chain", "    more chain", "      in more"),
    ),
    other(
        "session, user, tags, metadata",
        session,
        *("mine chain", "  outer chain", "    in outer", "  inner chain", "    in inner"),
        attributes=(("mine", {**OUTER, "input.value": "x"}), ("in inner", OUTER)),
    ),
    other(
        "retriever",
        lambda lc: lc.retriever.invoke("alpha"),
        *("VectorStoreRetriever retriever", "  embeddings embed-x embedding"),
        group="Retrievers",
        calls=(EMBEDDED,),
        attributes=(
            ("VectorStoreRetriever", {"gen_ai.retrieval.query.text": "alpha", "gen_ai.operation.name": "retrieval"}),
        ),
    ),
    other(
        "async",
        lambda lc: lc.retriever.ainvoke("alpha"),
        *("VectorStoreRetriever retriever", "  embeddings embed-x embedding"),
        group="Retrievers",
        calls=(EMBEDDED,),
    ),
    other(
        "one call",
        lambda lc: lc.search.invoke({"q": "x"}),
        *("search tool", "  in search"),
        group="Tools",
        attributes=(
            (
                "search",
                {
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": "search",
                    "gen_ai.tool.description": "find",
                    "gen_ai.tool.call.arguments": '{"q": "x"}',
                    "gen_ai.tool.call.result": "found x",
                },
            ),
        ),
    ),
    other("async", lambda lc: lc.search.ainvoke({"q": "x"}), "search tool", "  in search", group="Tools"),
    other(
        "error",
        lambda lc: lc.search.invoke({"q": "bad"}),
        *("search tool", "  in search"),
        group="Tools",
        raises="ValueError",
        errors=("search", "in search"),
        attributes=(("search", {"error.type": "ValueError"}),),
    ),
)
