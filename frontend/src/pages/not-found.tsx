import { Compass } from "lucide-react";
import { Link } from "react-router";

import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";

export function NotFound() {
  return (
    <main className="grid h-full place-items-center">
      <Empty icon={Compass} title={t("not_found.title")} detail={t("not_found.detail")}>
        <Button asChild>
          <Link to="/workflows">{t("not_found.home")}</Link>
        </Button>
      </Empty>
    </main>
  );
}
