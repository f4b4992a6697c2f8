class A :
  pass
