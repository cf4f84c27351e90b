import { TriangleAlert } from "lucide-react";

import { t } from "@/i18n";
import type { PlacedProblem } from "@/model/problems";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuTrigger } from "@/ui/menu";

interface ProblemsMenuProps {
  problems: readonly PlacedProblem[];
  onShow(node: string): void;
}

/** Everything that keeps the draft from being published or run; choosing one shows its node. */
export function ProblemsMenu({ problems, onShow }: ProblemsMenuProps) {
  if (problems.length === 0) return null;
  return (
    <Menu>
      <MenuTrigger
        data-testid="problems"
        className="flex h-7 items-center gap-1.5 rounded-md bg-warning-soft px-2 text-xs font-medium whitespace-nowrap text-warning"
      >
        <TriangleAlert aria-hidden className="size-3.5" />
        {t("problems.count", { count: problems.length })}
      </MenuTrigger>
      <MenuContent align="end" className="w-96">
        <MenuLabel>{t("problems.title")}</MenuLabel>
        {problems.map((problem) => (
          <MenuItem
            key={`${problem.pointer} ${problem.code} ${problem.detail}`}
            onSelect={() => problem.nodeId && onShow(problem.nodeId)}
            className="h-auto flex-col items-start gap-0 py-1.5"
          >
            <span>{problem.detail}</span>
            <code className="font-mono text-2xs break-all text-ink-3">
              {problem.nodeId ? `${problem.nodeId}${problem.inner}` : problem.pointer || "/"}
            </code>
          </MenuItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
