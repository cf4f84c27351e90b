import type { Definition, Problem } from "@/api/types";

export interface PlacedProblem extends Problem {
  /** The node it belongs to, or null when it concerns the whole workflow. */
  nodeId: string | null;
  /** The pointer within the node, such as `/params/url`. */
  inner: string;
}

/** Say which node each problem belongs to. An edge's problem belongs to the node it leaves. */
export function placeProblems(definition: Definition, problems: readonly Problem[]): PlacedProblem[] {
  return problems.map((problem) => {
    const [list = "", index = "", ...rest] = segments(problem.pointer);
    const inner = rest.length > 0 ? `/${rest.join("/")}` : "";
    if (list === "nodes") return { ...problem, inner, nodeId: definition.nodes[Number(index)]?.id ?? null };
    if (list === "edges") return { ...problem, inner: "", nodeId: definition.edges[Number(index)]?.from ?? null };
    return { ...problem, inner: "", nodeId: null };
  });
}

export function problemsByNode(placed: readonly PlacedProblem[]): Map<string, PlacedProblem[]> {
  const byNode = new Map<string, PlacedProblem[]>();
  for (const problem of placed) {
    if (problem.nodeId) byNode.set(problem.nodeId, [...(byNode.get(problem.nodeId) ?? []), problem]);
  }
  return byNode;
}

/** Problems at a pointer or below it: what a form field shows. */
export function problemsAt(problems: readonly PlacedProblem[], pointer: string): PlacedProblem[] {
  return problems.filter(({ inner }) => inner === pointer || inner.startsWith(`${pointer}/`));
}

function segments(pointer: string): string[] {
  const parts = pointer.replace(/^#/, "").split("/").slice(1);
  return parts[0] === "definition" ? parts.slice(1) : parts;
}
