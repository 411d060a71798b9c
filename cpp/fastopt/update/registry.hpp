// The list of update rules: a new one is its own header and a line here.
#pragma once

#include <memory>

#include "fastopt/update/adadelta.hpp"
#include "fastopt/update/adagrad.hpp"
#include "fastopt/update/adam.hpp"
#include "fastopt/update/adamax.hpp"
#include "fastopt/update/gradient_descent.hpp"
#include "fastopt/update/lion.hpp"
#include "fastopt/update/radam.hpp"
#include "fastopt/update/rmsprop.hpp"
#include "fastopt/update/rprop.hpp"
#include "fastopt/update/sgd.hpp"

FASTOPT_BEGIN

template <class RuleType>
std::unique_ptr<Rule> make(const Settings& settings) {
  return std::make_unique<RuleType>(settings);
}

struct RegisteredRule {
  const char* name;
  std::unique_ptr<Rule> (*make)(const Settings&);
};

inline const RegisteredRule registered_rules[] = {
    {"sgd", make<SGD>},
    {"adagrad", make<AdaGrad>},
    {"rmsprop", make<RMSprop>},
    {"adam", make<Adam>},
    {"nadam", make<Nadam>},
    {"adamax", make<AdaMax>},
    {"adadelta", make<Adadelta>},
    {"radam", make<RAdam>},
    {"lion", make<Lion>},
    {"rprop", make<Rprop>},
    {"gradient_descent", make<GradientDescent>},
};

inline std::unique_ptr<Rule> make_rule(const std::string& name, const Settings& settings) {
  for (const auto& rule : registered_rules)
    if (name == rule.name) return rule.make(settings);
  throw std::invalid_argument("unknown update rule '" + name + "'");
}

FASTOPT_END
