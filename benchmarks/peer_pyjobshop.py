"""PyJobShop's model of a problem (https://github.com/PyJobShop/PyJobShop; the extra ``bench`` brings it)."""

from __future__ import annotations

from ortools.sat.python import cp_model
from pyjobshop import Model
from pyjobshop.solvers.ortools import CPModel

from benchmarks.peers import Scale
from models.shop.problem import Problem


def build(problem: Problem, scale: Scale, objective: str) -> cp_model.CpModel:
    """The CP-SAT model that PyJobShop makes of the problem; its own solve() has no callback for solutions.

    Setup matrices become a setup time for each pair of operations on a machine, as PyJobShop wants them. Lots run
    whole, and ``initial_family`` is left out.
    """
    model = Model()
    machines = [model.add_machine() for _ in problem.machines]
    tasks = []
    on: dict[int, list[int]] = {number: [] for number in range(len(machines))}
    for job in problem.jobs:
        due = None if job.due is None or objective == "makespan" else scale.due(job.due)
        handle = model.add_job(
            weight=job.weight // scale.thousandths, release_date=job.earliest // scale.seconds, due_date=due
        )
        for number in job.operations:
            task = model.add_task(job=handle)
            tasks.append(task)
            for machine, seconds in problem.operations[number].options.items():
                model.add_mode(task, machines[machine], seconds // scale.seconds)
                on[machine].append(number)
        for number in job.operations:
            operation = problem.operations[number]
            for before in operation.predecessors:
                model.add_end_before_start(tasks[before], tasks[number], operation.min_delay // scale.seconds)
    for machine, row in enumerate(problem.machines):
        if row.setup_matrix is not None:
            for before in on[machine]:
                for after in on[machine]:
                    families = problem.operations[before].family_id, problem.operations[after].family_id
                    seconds = problem.setup_seconds(machine, *families)
                    if before != after and seconds:
                        model.add_setup_time(machines[machine], tasks[before], tasks[after], seconds // scale.seconds)
    if objective == "makespan":
        model.set_objective(weight_makespan=1)
    else:
        model.set_objective(weight_total_tardiness=1)
    made: cp_model.CpModel = CPModel(model.data()).model
    return made
