// The data of the tree: from the page, or, of a large trace, from a stream of chunks.
import { SpanColumns } from "./tree_columns.js";

/** The columns, and what reads the rest of them: `rest(onChunk)` is done when all are here. */
export function readTree(block) {
  const { chunks, url, ...head } = JSON.parse(block.textContent);
  block.remove();
  const columns = new SpanColumns(head);
  for (const chunk of chunks ?? []) columns.add(chunk);
  const rest = async (onChunk) => {
    if (url) for await (const chunk of chunksOf(url)) {
      columns.add(chunk);
      onChunk();
    }
  };
  return { columns, rest };
}

async function* chunksOf(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let left = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const ended = (left + part.value).split("\n");
    left = ended.pop();
    for (const line of ended) yield JSON.parse(line);
  }
}
