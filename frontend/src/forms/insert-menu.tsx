import { Braces } from "lucide-react";

import { useFormScope } from "@/forms/context";
import { t } from "@/i18n";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuSeparator, MenuTrigger } from "@/ui/menu";

const ROOTS = ["input", "trigger", "vars", "execution"];

/** The names an expression may start from, offered instead of remembered. */
export function InsertMenu({ label, onInsert }: { label: string; onInsert(expression: string): void }) {
  const { upstream, disabled } = useFormScope();
  if (disabled) return null;
  return (
    <Menu>
      <MenuTrigger
        aria-label={t("form.insert_into", { field: label })}
        title={t("form.insert")}
        className="grid size-6 place-items-center rounded text-ink-3 hover:bg-subtle hover:text-ink"
      >
        <Braces aria-hidden className="size-3.5" />
      </MenuTrigger>
      <MenuContent align="end">
        {upstream.length > 0 && <MenuLabel>{t("form.insert_nodes")}</MenuLabel>}
        {upstream.map((id) => (
          <Entry key={id} path={`nodes.${id}`} onInsert={onInsert} />
        ))}
        {upstream.length > 0 && <MenuSeparator />}
        <MenuLabel>{t("form.insert_roots")}</MenuLabel>
        {ROOTS.map((root) => (
          <Entry key={root} path={root} onInsert={onInsert} />
        ))}
      </MenuContent>
    </Menu>
  );
}

function Entry({ path, onInsert }: { path: string; onInsert(expression: string): void }) {
  return (
    <MenuItem onSelect={() => onInsert(`{{ ${path} }}`)}>
      <code className="font-mono text-xs">{path}</code>
    </MenuItem>
  );
}
