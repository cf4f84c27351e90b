import { Copy, Trash2, X } from "lucide-react";
import { useMemo } from "react";

import type { Definition, JsonObject, NodeDefinition, NodeType } from "@/api/types";
import { KindTile } from "@/canvas/kind-icon";
import { NodeSettingsForm } from "@/canvas/node-settings-form";
import { StepsOfNode } from "@/executions/steps-of-node";
import type { Run } from "@/executions/use-run";
import { type FormScope, FormScopeProvider } from "@/forms/context";
import { SchemaForm } from "@/forms/schema-form";
import { t } from "@/i18n";
import { duplicateNodes, removeElements, renameNode, setParams } from "@/model/definition";
import { upstreamOf } from "@/model/graph";
import type { PlacedProblem } from "@/model/problems";
import { useSearchValue } from "@/pages/use-address";
import { useEditor } from "@/stores/editor";
import { StatusIcon } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Prose } from "@/ui/prose";
import { Tab, TabList, TabPanel, Tabs } from "@/ui/tabs";

interface InspectorProps {
  node: NodeDefinition;
  definition: Definition;
  type: NodeType | null;
  types: ReadonlyMap<string, NodeType>;
  problems: readonly PlacedProblem[];
  /** The run shown on the canvas, if one is. */
  run: Run | null;
  editable: boolean;
  onClose(): void;
}

export function Inspector({ node, definition, type, types, problems, run, editable, onClose }: InspectorProps) {
  const [asked, setTab] = useSearchValue("tab");
  const ran = run?.byNode.get(node.id) ?? null;
  const tab = asked === "settings" || (asked === "run" && ran) ? asked : "params";
  const scope = useMemo<FormScope>(
    () => ({ problems, upstream: upstreamOf(definition, node.id), disabled: !editable }),
    [problems, definition, node.id, editable],
  );
  return (
    <aside
      aria-label={t("inspector.label")}
      data-testid="inspector"
      className="flex w-100 shrink-0 animate-appear flex-col border-l bg-surface max-md:absolute max-md:inset-y-0 max-md:right-0 max-md:z-20 max-md:w-full"
    >
      <InspectorHead node={node} type={type} editable={editable} onClose={onClose} />
      <Tabs value={tab} onValueChange={(next) => setTab(next === "params" ? "" : next)} className="flex min-h-0 flex-1 flex-col">
        <TabList>
          <Tab value="params">{t("inspector.params")}</Tab>
          <Tab value="settings">{t("inspector.settings")}</Tab>
          {ran && (
            <Tab value="run">
              <StatusIcon status={ran.status} />
              {t("inspector.run")}
            </Tab>
          )}
        </TabList>
        <FormScopeProvider value={scope}>
          <TabPanel value="params" className="p-4">
            <Params node={node} type={type} problems={problems} />
          </TabPanel>
          <TabPanel value="settings" className="p-4">
            <NodeSettingsForm node={node} definition={definition} type={type} types={types} />
          </TabPanel>
        </FormScopeProvider>
        {run && (
          <TabPanel value="run" className="flex flex-col">
            <StepsOfNode run={run} node={node.id} />
          </TabPanel>
        )}
      </Tabs>
    </aside>
  );
}

interface HeadProps {
  node: NodeDefinition;
  type: NodeType | null;
  editable: boolean;
  onClose(): void;
}

function InspectorHead({ node, type, editable, onClose }: HeadProps) {
  const edit = useEditor((state) => state.edit);
  const select = useEditor((state) => state.select);
  const label = type?.label ?? node.kind;
  const duplicate = () => {
    const { definition } = useEditor.getState();
    const result = duplicateNodes(definition, new Set([node.id]));
    edit(() => result.definition);
    select(result.copies);
  };
  return (
    <div className="flex items-start gap-3 px-4 pt-3.5 pb-2">
      <KindTile kind={node.kind} />
      <div className="min-w-0 flex-1">
        <input
          aria-label={t("inspector.name")}
          value={node.name ?? ""}
          placeholder={label}
          disabled={!editable}
          maxLength={200}
          onChange={(event) => {
            const name = event.target.value;
            edit((definition) => renameNode(definition, node.id, name), `name ${node.id}`);
          }}
          className="-ml-1.5 w-full truncate rounded-md border border-transparent bg-transparent px-1.5 text-sm leading-5 font-semibold placeholder:text-ink hover:not-disabled:border-line-strong focus:border-control focus:outline-none"
        />
        <p className="flex items-center text-2xs text-ink-3">
          <code className="truncate font-mono">nodes.{node.id}</code>
          <CopyButton text={`{{ nodes.${node.id} }}`} label={t("inspector.copy_reference")} className="size-5 [&_svg]:size-3" />
        </p>
      </div>
      <div className="-mr-1.5 flex">
        {editable && (
          <>
            <IconButton size="sm" label={t("inspector.duplicate")} keys="Ctrl D" onClick={duplicate}>
              <Copy aria-hidden />
            </IconButton>
            <IconButton
              size="sm"
              label={t("inspector.delete")}
              keys="Del"
              onClick={() => edit((definition) => removeElements(definition, new Set([node.id])))}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </>
        )}
        <IconButton size="sm" label={t("action.close")} keys="Esc" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
    </div>
  );
}

interface ParamsProps {
  node: NodeDefinition;
  type: NodeType | null;
  problems: readonly PlacedProblem[];
}

function Params({ node, type, problems }: ParamsProps) {
  const edit = useEditor((state) => state.edit);
  if (!type) return <Prose text={t("inspector.unknown_kind", { kind: node.kind })} />;
  const fields = type.params_schema.properties ?? {};
  const change = (params: JsonObject, field: string) =>
    edit((definition) => setParams(definition, node.id, params), `${node.id}${field}`);
  const elsewhere = problems.filter(({ inner }) => !(inner.split("/")[1] === "params" && (inner.split("/")[2] ?? "") in fields));
  return (
    <div className="flex flex-col gap-4.5">
      {type.summary && <Prose text={type.summary} />}
      {elsewhere.length > 0 && <ProblemList problems={elsewhere} />}
      {Object.keys(fields).length === 0 ? (
        <p className="rounded-lg border border-dashed p-4 text-center text-ink-3">{t("inspector.no_params")}</p>
      ) : (
        <SchemaForm
          schema={type.params_schema}
          root={type.params_schema}
          value={node.params ?? {}}
          pointer="/params"
          onChange={change}
        />
      )}
    </div>
  );
}

function ProblemList({ problems }: { problems: readonly PlacedProblem[] }) {
  return (
    <ul className="flex flex-col gap-1 rounded-lg border border-warning/30 bg-warning-soft px-3 py-2">
      {problems.map(({ pointer, code, detail }) => (
        <li key={`${pointer} ${code} ${detail}`}>{detail}</li>
      ))}
    </ul>
  );
}
