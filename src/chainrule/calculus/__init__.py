"""What users call: gradients, derivatives, Jacobians, products, tapes, graphs, and a user's own operations.

gradients   grad, value_and_grad          jacobians   derivative, jacobian, hessian
products    vjp, jvp, hvp                 mapping     vmap
tape        tape                          graphs      graph, Graph
detach      value, stop_gradient          custom      primitive, define_vjp, define_jvp
compiled    compile                       source      source

Beneath them: eager (one call on a tape), arguments, containers, functions.
"""
