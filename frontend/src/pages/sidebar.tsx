import { useQuery } from "@tanstack/react-query";
import {
  BookOpen,
  Building2,
  ChevronsUpDown,
  DatabaseZap,
  History,
  LogOut,
  type LucideIcon,
  Monitor,
  Moon,
  Server,
  Settings,
  Sun,
  TriangleAlert,
  Unplug,
  Workflow,
  Wrench,
} from "lucide-react";
import { NavLink } from "react-router";

import { call } from "@/api/client";
import { meQuery } from "@/api/queries";
import type { Me } from "@/api/types";
import { t } from "@/i18n";
import { useTheme } from "@/stores/theme";
import { chooseWorkspace } from "@/stores/workspace";
import { cn } from "@/ui/cn";
import { Logo } from "@/ui/logo";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "@/ui/menu";
import { toastError } from "@/ui/toast-error";
import { Tooltip } from "@/ui/tooltip";

export function Sidebar({ narrow }: { narrow: boolean }) {
  const { data: me } = useQuery(meQuery);
  return (
    <aside
      className={cn(
        "flex shrink-0 flex-col gap-1 border-r bg-bg p-2 max-sm:w-13",
        narrow ? "w-13" : "w-56 [&_[data-wide]]:block max-sm:[&_[data-wide]]:hidden",
      )}
    >
      <div className="mb-2 flex h-9 items-center gap-2.5 px-1.5">
        <Logo />
        <div data-wide className="hidden min-w-0">
          <p className="truncate text-[0.8125rem] leading-4 font-semibold">{me?.workspace.name ?? t("app.name")}</p>
          <p className="truncate text-2xs leading-3.5 text-ink-3">{t("app.name")}</p>
        </div>
      </div>
      <nav aria-label={t("nav.label")} className="flex flex-col gap-0.5">
        <Item to="/workflows" icon={Workflow} label={t("nav.workflows")} narrow={narrow} />
        <Item to="/executions" icon={History} label={t("nav.executions")} narrow={narrow} />
        <Item to="/errors" icon={TriangleAlert} label={t("nav.errors")} narrow={narrow} />
        <p data-wide className="hidden px-2.5 pt-4 pb-1 text-2xs font-medium text-ink-3">
          {t("nav.operate")}
        </p>
        <Item to="/workers" icon={Server} label={t("nav.workers")} narrow={narrow} />
        <Item to="/breakers" icon={Unplug} label={t("nav.breakers")} narrow={narrow} />
        <Item to="/cache" icon={DatabaseZap} label={t("nav.cache")} narrow={narrow} />
      </nav>
      <div className="mt-auto flex flex-col gap-0.5">
        <Item to="/settings" icon={Settings} label={t("nav.settings")} narrow={narrow} />
        <a href="/api/v1/docs/" target="_blank" rel="noreferrer" className={cn(ITEM, "hover:bg-subtle hover:text-ink")}>
          <BookOpen aria-hidden />
          <span data-wide className="hidden truncate">
            {t("nav.api")}
          </span>
          <span className="sr-only">{narrow && t("nav.api")}</span>
        </a>
        {me && <AccountMenu me={me} />}
      </div>
    </aside>
  );
}

const ITEM =
  "flex h-8 items-center gap-2.5 rounded-md px-2.5 font-medium text-ink-2 transition-colors [&_svg]:size-4 [&_svg]:shrink-0";

function Item({ to, icon: Icon, label, narrow }: { to: string; icon: LucideIcon; label: string; narrow: boolean }) {
  const link = (
    <NavLink
      to={to}
      aria-label={label}
      className={({ isActive }) =>
        cn(ITEM, isActive ? "bg-subtle text-ink [&_svg]:text-brand-ink" : "hover:bg-subtle/70 hover:text-ink")
      }
    >
      <Icon aria-hidden />
      <span data-wide className="hidden truncate">
        {label}
      </span>
    </NavLink>
  );
  if (!narrow) return link;
  return (
    <Tooltip text={label} side="right">
      <span>{link}</span>
    </Tooltip>
  );
}

function AccountMenu({ me }: { me: Me }) {
  const name = me.user?.name || me.user?.email || "";
  return (
    <Menu>
      <MenuTrigger
        aria-label={t("account.menu")}
        className="flex h-10 items-center gap-2.5 rounded-md px-1.5 text-left transition-colors hover:bg-subtle data-[state=open]:bg-subtle"
      >
        <span
          aria-hidden
          className="grid size-6 shrink-0 place-items-center rounded-full bg-brand-soft text-2xs font-semibold text-brand-ink uppercase"
        >
          {name.slice(0, 1) || "?"}
        </span>
        <span data-wide className="hidden min-w-0 flex-1">
          <span className="block truncate leading-4 font-medium">{name}</span>
          <span className="block truncate text-2xs leading-3.5 text-ink-3">{t(`role.${me.role}`)}</span>
        </span>
        <ChevronsUpDown data-wide aria-hidden className="hidden size-3.5 text-ink-3" />
      </MenuTrigger>
      <MenuContent side="top" align="start" className="w-56">
        <MenuLabel className="truncate">{me.user?.email}</MenuLabel>
        <WorkspaceChoice me={me} />
        <ThemeChoice />
        {me.user?.is_staff && <ConsoleLink />}
        <MenuSeparator />
        <SignOut />
      </MenuContent>
    </Menu>
  );
}

function WorkspaceChoice({ me }: { me: Me }) {
  if (!me.workspaces || me.workspaces.length < 2) return null;
  const change = (slug: string) => {
    chooseWorkspace(slug);
    window.location.assign("/"); // a fresh page keeps nothing of the other workspace
  };
  return (
    <>
      <MenuRadioGroup value={me.workspace.slug} onValueChange={change}>
        {me.workspaces.map(({ slug, name }) => (
          <MenuRadioItem key={slug} value={slug}>
            <Building2 aria-hidden />
            <span className="truncate">{name}</span>
          </MenuRadioItem>
        ))}
      </MenuRadioGroup>
      <MenuSeparator />
    </>
  );
}

function ConsoleLink() {
  return (
    <>
      <MenuSeparator />
      <MenuItem asChild>
        <a href="/admin/">
          <Wrench aria-hidden />
          {t("account.console")}
        </a>
      </MenuItem>
    </>
  );
}

function ThemeChoice() {
  const { choice, choose } = useTheme();
  return (
    <MenuRadioGroup value={choice} onValueChange={(value) => choose(value as typeof choice)}>
      <MenuRadioItem value="system">
        <Monitor aria-hidden />
        {t("theme.system")}
      </MenuRadioItem>
      <MenuRadioItem value="light">
        <Sun aria-hidden />
        {t("theme.light")}
      </MenuRadioItem>
      <MenuRadioItem value="dark">
        <Moon aria-hidden />
        {t("theme.dark")}
      </MenuRadioItem>
    </MenuRadioGroup>
  );
}

function SignOut() {
  const signOut = async () => {
    try {
      await call("DELETE /api/v1/session", {});
      window.location.assign("/sign-in"); // a fresh page keeps nothing of the person who left
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <MenuItem onSelect={() => void signOut()}>
      <LogOut aria-hidden />
      {t("account.sign_out")}
    </MenuItem>
  );
}
