"""What decides, and nothing that acts: pure Python without Django, stores, network or clock.

Its nouns are the graph, the state of an execution, events, commands and expressions. The runtime calls:

- `graph.compile_plan(definition, catalogue) -> Plan`
- `state.begin(plan, *, trigger_node, trigger, variables, execution) -> State`, a fresh execution;
  `state.restore(plan, rows, *, trigger_node, trigger, variables, execution) -> State`, one that an earlier owner
  left: `rows` are the latest `Step` of each key, in the order of their latest change.
- `apply.apply(state, event) -> None` for the facts in `events`; one about a step that is final is ignored.
- `decide.decide(state, now) -> list[Command]`, each command once; `decide.next_due(state)`, when to decide
  again at the latest; `decide.is_idle(state)`, nothing is ready or running, so that it may be parked.
- `state.take_changes() -> list[Step]`, what to store. These are the live records: serialise them at once.
- `scope.scope_of(state, step)` for expressions, `scope.input_of(state, step)`, `scope.visit_of(state, step)`.
- `errors.error_body(…)` for `StepFailed.error`, `errors.error_document(error, input)` for what goes on.

A step whose `spec.for_each` is set and whose `fan` is None is to answer `StepItems` instead of running; its items
are steps of their own (`fan` set, `index`), or bodies. `StopStep` may also name a step that was waiting for a
child: the core has closed it already, the child is to be cancelled.
"""
