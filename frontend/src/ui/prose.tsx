import type { ReactNode } from "react";

/** A sentence in which backquotes mark code. */
export function Prose({ text, className = "text-ink-2" }: { text: string; className?: string }) {
  return <p className={className}>{text.split("`").map(codeWhenOdd)}</p>;
}

function codeWhenOdd(part: string, index: number): ReactNode {
  if (index % 2 === 0) return part;
  return (
    <code key={index} className="rounded bg-subtle px-1 font-mono text-[0.92em]">
      {part}
    </code>
  );
}
