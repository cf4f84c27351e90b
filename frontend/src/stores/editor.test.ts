import { beforeEach, describe, expect, it, vi } from "vitest";

import { emptyDefinition, renameNode } from "@/model/definition";
import { redo, undo, useEditor } from "@/stores/editor";

const named = () => useEditor.getState().definition.nodes[0]?.name;
const rename = (name: string, gesture?: string) =>
  useEditor.getState().edit((definition) => renameNode(definition, "a", name), gesture);

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  useEditor.getState().load("w", { ...emptyDefinition(), nodes: [{ id: "a", kind: "data.set", name: "old" }] });
});

describe("undo", () => {
  it("takes back the last edit, and redo brings it again", () => {
    rename("new");
    undo();
    const undone = named();
    redo();

    expect([undone, named()]).toEqual(["old", "new"]);
  });

  it("takes back typing in one field at once", () => {
    for (const name of ["n", "ne", "new"]) rename(name, "name a");
    undo();

    expect(named()).toBe("old");
  });

  it("takes back only what was typed after a pause", () => {
    rename("first", "name a");
    vi.advanceTimersByTime(5000);
    rename("second", "name a");
    undo();

    expect(named()).toBe("first");
  });

  it("leaves the selection alone", () => {
    rename("new");
    useEditor.getState().select(["a"]);
    undo();

    expect([...useEditor.getState().selected]).toEqual(["a"]);
  });

  it("does not reach behind the opening of a workflow", () => {
    rename("new");
    useEditor.getState().load("other", emptyDefinition());
    undo();

    expect(useEditor.getState().definition.nodes).toEqual([]);
  });
});
