// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useEffect, useState } from "react";
import { afterEach, describe, expect, it } from "vitest";

import type { JsonObject, ParamsSchema } from "@/api/types";
import { type FormScope, FormScopeProvider } from "@/forms/context";
import { SchemaForm } from "@/forms/schema-form";
import { TooltipProvider } from "@/ui/tooltip";

const schema: ParamsSchema = {
  required: ["url"],
  properties: {
    url: { type: "string", "x-template": true },
    attempts: { type: "integer", "x-template": true },
    method: { enum: ["GET", "POST"], default: "GET", type: "string" },
    values: { type: "object", additionalProperties: true, "x-widget": "key_values" },
  },
};

const none: FormScope["problems"] = [];
let current: JsonObject = {};

interface FormProps {
  value: JsonObject;
  problems?: FormScope["problems"];
}

function Form({ value, problems = none }: FormProps) {
  const [params, setParams] = useState(value);
  useEffect(() => {
    current = params;
  }, [params]);
  return (
    <TooltipProvider>
      <FormScopeProvider value={{ problems, upstream: ["fetch"], disabled: false }}>
        <SchemaForm schema={schema} root={schema} value={params} pointer="/params" onChange={setParams} />
      </FormScopeProvider>
    </TooltipProvider>
  );
}

afterEach(cleanup);

describe("a form drawn from a schema", () => {
  it("keeps a number a number", async () => {
    render(<Form value={{}} />);
    await userEvent.type(screen.getByLabelText("Attempts"), "3");

    expect(current).toEqual({ attempts: 3 });
  });

  it("takes an expression where a number stands, when asked to", async () => {
    render(<Form value={{ attempts: 3 }} />);
    await userEvent.click(screen.getByLabelText("Expression for Attempts"));
    await userEvent.type(screen.getByLabelText("Attempts"), "{{{{ input }}");

    expect(current).toEqual({ attempts: "{{ input }}" });
  });

  it("leaves a field out again when it is emptied", async () => {
    render(<Form value={{ url: "x", method: "POST" }} />);
    await userEvent.clear(screen.getByRole("textbox", { name: /^URL/ }));
    await userEvent.selectOptions(screen.getByLabelText("Method"), "Default (GET)");

    expect(current).toEqual({});
  });

  it("reads named values as JSON where they are JSON", async () => {
    render(<Form value={{ values: { total: "x" } }} />);
    const field = screen.getByLabelText("Value of total");
    await userEvent.clear(field);
    await userEvent.type(field, "12");

    expect(current).toEqual({ values: { total: 12 } });
  });

  it("says at the field what is wrong with it", () => {
    const problem = { pointer: "/nodes/0/params/url", code: "x", detail: "No address.", nodeId: "a", inner: "/params/url" };
    render(<Form value={{}} problems={[problem]} />);

    expect(screen.getByRole("alert").textContent).toBe("No address.");
  });

  it("inserts the output of an earlier node", async () => {
    render(<Form value={{}} />);
    await userEvent.click(screen.getByLabelText("Insert data into URL"));
    await userEvent.click(await screen.findByText("nodes.fetch"));

    expect(current).toEqual({ url: "{{ nodes.fetch }}" });
  });
});
