import { type ReactNode, useId } from "react";

import type { Definition, NodeDefinition, NodeSettings, NodeType, OnError, RetrySettings } from "@/api/types";
import { useFormScope } from "@/forms/context";
import { t } from "@/i18n";
import { isTrigger, setSetting } from "@/model/definition";
import { problemsAt } from "@/model/problems";
import { useEditor } from "@/stores/editor";
import { describedBy, Field, Input, Select, Textarea } from "@/ui/field";
import { Switch } from "@/ui/switch";

interface NodeSettingsFormProps {
  node: NodeDefinition;
  definition: Definition;
  type: NodeType | null;
  types: ReadonlyMap<string, NodeType>;
}

/** What every node has whatever its kind: how long, how often, and what when it fails. */
export function NodeSettingsForm({ node, definition, type, types }: NodeSettingsFormProps) {
  const edit = useEditor((state) => state.edit);
  const { disabled } = useFormScope();
  const settings = node.settings ?? {};
  const set = <Key extends keyof NodeSettings & string>(key: Key, value: NodeSettings[Key] | undefined) =>
    edit((before) => setSetting(before, node.id, key, value), `${key} ${node.id}`);
  return (
    <fieldset disabled={disabled} className="flex flex-col gap-4.5">
      {!isTrigger(node.kind) && (
        <>
          <SwitchRow label={t("settings.disabled")} help={t("settings.disabled_help")}>
            {(id) => (
              <Switch
                id={id}
                checked={settings.disabled ?? false}
                onCheckedChange={(on) => set("disabled", on || undefined)}
              />
            )}
          </SwitchRow>
          <NumberSetting
            name="timeout"
            label={t("settings.timeout")}
            help={t("settings.timeout_help")}
            value={settings.timeout}
            placeholder={type?.timeout ? String(type.timeout) : t("settings.no_timeout")}
            min={0.1}
            onChange={(value) => set("timeout", value)}
          />
          <OnErrorSetting
            value={settings.on_error}
            fallbacks={fallbacksFor(definition, node, types)}
            onChange={(value) => set("on_error", value)}
          />
          <RetrySetting value={settings.retry} onChange={(value) => set("retry", value)} />
        </>
      )}
      <NoteSetting value={settings.note} onChange={(value) => set("note", value)} />
    </fieldset>
  );
}

function SwitchRow({ label, help, children }: { label: string; help: string; children(id: string): ReactNode }) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-4">
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        <p className="text-xs text-ink-3">{help}</p>
      </div>
      {children(id)}
    </div>
  );
}

interface NumberSettingProps {
  /** The setting's place below `/settings`. */
  name: string;
  label: string;
  help?: string;
  value: number | undefined;
  placeholder: string;
  min: number;
  step?: number;
  onChange(value: number | undefined): void;
}

function NumberSetting({ name, label, help, value, placeholder, min, step, onChange }: NumberSettingProps) {
  const id = useId();
  const { problems } = useFormScope();
  const error = problemsAt(problems, `/settings/${name}`)[0]?.detail;
  return (
    <Field id={id} label={label} help={help} error={error}>
      <Input
        id={id}
        type="number"
        min={min}
        step={step ?? "any"}
        value={value ?? ""}
        placeholder={placeholder}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, help, error)}
        onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)}
      />
    </Field>
  );
}

interface OnErrorSettingProps {
  value: OnError | undefined;
  fallbacks: NodeDefinition[];
  onChange(value: OnError | undefined): void;
}

function OnErrorSetting({ value, fallbacks, onChange }: OnErrorSettingProps) {
  const id = useId();
  const { problems } = useFormScope();
  const error = problemsAt(problems, "/settings/on_error")[0]?.detail;
  const mode = typeof value === "object" ? "fallback" : (value ?? "stop");
  const choose = (next: string) => {
    if (next === "fallback") onChange({ fallback: fallbacks[0]?.id ?? "" });
    else onChange(next === "stop" ? undefined : (next as OnError));
  };
  return (
    <Field id={id} label={t("settings.on_error")} help={t(`settings.on_error_${mode}`)} error={error}>
      <Select id={id} value={mode} onChange={(event) => choose(event.target.value)}>
        <option value="stop">{t("settings.stop")}</option>
        <option value="continue">{t("settings.continue")}</option>
        <option value="branch">{t("settings.branch")}</option>
        {(fallbacks.length > 0 || mode === "fallback") && <option value="fallback">{t("settings.fallback")}</option>}
      </Select>
      {typeof value === "object" && (
        <Select
          aria-label={t("settings.fallback_node")}
          value={value.fallback}
          onChange={(event) => onChange({ fallback: event.target.value })}
        >
          {fallbacks.map((node) => (
            <option key={node.id} value={node.id}>
              {node.name ?? node.id}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

/** A fallback has no incoming edge: it starts only in place of the node that failed. */
function fallbacksFor(
  definition: Definition,
  node: NodeDefinition,
  types: ReadonlyMap<string, NodeType>,
): NodeDefinition[] {
  const entered = new Set(definition.edges.map(({ to }) => to));
  return definition.nodes.filter(
    (other) => other.id !== node.id && !isTrigger(other.kind) && !entered.has(other.id) && types.has(other.kind),
  );
}

interface RetrySettingProps {
  value: RetrySettings | undefined;
  onChange(value: RetrySettings | undefined): void;
}

const FIRST_RETRY: RetrySettings = { max_attempts: 3 };

function RetrySetting({ value, onChange }: RetrySettingProps) {
  const backoff = useId();
  const change = (part: RetrySettings) => {
    const kept = Object.entries({ ...value, ...part }).filter(([, entry]) => entry !== undefined);
    onChange(Object.fromEntries(kept));
  };
  return (
    <div className="flex flex-col gap-3">
      <SwitchRow label={t("settings.retry")} help={t("settings.retry_help")}>
        {(id) => (
          <Switch
            id={id}
            checked={value !== undefined}
            onCheckedChange={(on) => onChange(on ? FIRST_RETRY : undefined)}
          />
        )}
      </SwitchRow>
      {value && (
        <div className="grid grid-cols-2 gap-3 rounded-lg border bg-subtle/40 p-3">
          <NumberSetting
            name="retry/max_attempts"
            label={t("settings.max_attempts")}
            value={value.max_attempts}
            placeholder="1"
            min={1}
            step={1}
            onChange={(max_attempts) => change({ max_attempts })}
          />
          <Field id={backoff} label={t("settings.backoff")}>
            <Select
              id={backoff}
              value={value.backoff ?? "exponential"}
              onChange={(event) => change({ backoff: event.target.value as "exponential" | "fixed" })}
            >
              <option value="exponential">{t("settings.exponential")}</option>
              <option value="fixed">{t("settings.fixed")}</option>
            </Select>
          </Field>
          <NumberSetting
            name="retry/base"
            label={t("settings.base")}
            value={value.base}
            placeholder="1"
            min={0}
            onChange={(base) => change({ base })}
          />
          <NumberSetting
            name="retry/cap"
            label={t("settings.cap")}
            value={value.cap}
            placeholder="300"
            min={0}
            onChange={(cap) => change({ cap })}
          />
        </div>
      )}
    </div>
  );
}

function NoteSetting({ value, onChange }: { value: string | undefined; onChange(value: string | undefined): void }) {
  const id = useId();
  return (
    <Field id={id} label={t("settings.note")} help={t("settings.note_help")}>
      <Textarea id={id} rows={3} value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)} />
    </Field>
  );
}
